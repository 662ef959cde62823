//! Somebody's HTTP server, which takes events as newline-delimited JSON; knows nothing of trying again.

use std::error::Error;
use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::ClientConfig;
use tonic::Status;

use super::compress::{compress, name};
use crate::config::{ClientTls, Compression};
use crate::tls::{self, TlsError};

/// Bytes of an answer that are quoted.
const QUOTED: usize = 200;

/// Bytes of an answer that are read, so that its connection can be used again.
const READ: usize = 64 << 10;

/// Why a sink can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpSinkError {
    /// It isn't quoted, as it may hold a password.
    #[error("the sink's URI is malformed: {0}; write one like `https://example.com/ingest`")]
    Uri(String),
    /// Neither `http` nor `https`.
    #[error("the sink's URI begins with `{0}:`, which isn't served; use `http://` or `https://`")]
    Scheme(String),
    /// URIs end up in logs.
    #[error("the sink's URI holds a user name or password; take them out, and use `auth` for a token")]
    Credentials,
    /// Else the events would go in clear where encryption was asked for.
    #[error("the sink has `tls` settings, but its URI begins with `http:`; use `https://`, or remove `tls`")]
    TlsUnused,
    /// It can't be sent in a header.
    #[error("the sink's token holds a character that isn't printable ASCII; check for line breaks in it")]
    Token,
    /// Nobody's certificate could be verified.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client refused its settings.
    #[error("cannot set up the sink's HTTP client: {0}; check its `tls` settings")]
    Client(String),
}

/// Posts events to a URI.
#[derive(Clone)]
pub struct HttpSink {
    client: Client,
    uri: Url,
    /// The URI, without its query, which may hold a secret.
    name: String,
    compression: Compression,
    timeout: Duration,
}

impl HttpSink {
    /// Prepares to post to `uri`, each time within `timeout`. With `https:`, certificates are verified against `tls`, or
    /// else the machine's roots. `token` is sent as the bearer token.
    ///
    /// Connections are kept and used again. What the config names is where events go: neither proxies of the environment
    /// nor redirects are followed.
    ///
    /// # Errors
    /// If something of it can't be used. Nothing is connected yet, see [`Self::check`].
    pub fn open(
        uri: &str,
        compression: Compression,
        timeout: Duration,
        tls: Option<ClientConfig>,
        token: Option<String>,
    ) -> Result<Self, HttpSinkError> {
        let uri = parse(uri)?;
        let client = Client::builder()
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
            .default_headers(authorization(token)?)
            .tls_backend_preconfigured(tls_config(&uri, tls)?)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(|error| HttpSinkError::Client(root_cause(&error)))?;
        let mut name = uri.clone();
        name.set_query(None);
        name.set_fragment(None);
        Ok(Self { client, uri, name: name.into(), compression, timeout })
    }

    /// Posts the events, whose lines `pieces` are when put together, in one request; in several if that is too large for
    /// the server.
    ///
    /// # Errors
    /// `DATA_LOSS` if some events themselves were refused (400, 422; 413 for a single one): the same ones would be again. Else
    /// `UNAVAILABLE`. This includes 401, 403, 404, 415 and redirects, which a server answers to a config that doesn't fit: an
    /// operator can put it right, and waiting for that loses nothing.
    pub async fn send(&self, pieces: Vec<Bytes>) -> Result<(), Status> {
        if pieces.iter().all(Bytes::is_empty) {
            return Ok(());
        }
        let mut bodies = vec![plain(pieces)];
        let mut sent = Ok(());
        while let Some(body) = bodies.pop() {
            let (status, message) = self.post(body.clone()).await?;
            if status.is_success() {
                continue;
            }
            match (status, halves(&body)) {
                (StatusCode::PAYLOAD_TOO_LARGE, Some([first, second])) => bodies.extend([second, first]),
                // The others may be taken.
                (StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY, _) => {
                    sent = Err(Status::data_loss(message));
                }
                _ => return Err(Status::unavailable(message)),
            }
        }
        sent
    }

    /// What the server answers to `body`, as a status and in words.
    async fn post(&self, body: Bytes) -> Result<(StatusCode, String), Status> {
        let mut request = self.client.post(self.uri.clone()).header(CONTENT_TYPE, "application/x-ndjson");
        if let Some(encoding) = name(self.compression) {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        let body = compress(vec![body.clone()], self.compression).await?.unwrap_or(body);
        let response = request.body(body).send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        Ok((status, format!("{} answered {status}{}", self.name, quote(response).await)))
    }

    /// Does the server answer at all? Any status will do.
    ///
    /// # Errors
    /// `UNAVAILABLE` if it can't be connected to, its certificate isn't trusted, or it keeps silent.
    pub async fn check(&self) -> Result<(), Status> {
        self.client.head(self.uri.clone()).send().await.map(drop).map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Status {
        let (name, timeout) = (&self.name, self.timeout);
        Status::unavailable(if error.is_timeout() {
            format!("{name} didn't answer within {timeout:?}; is it overloaded?")
        } else {
            format!("{name} can't be reached: {}; is it running?", root_cause(error))
        })
    }
}

impl Debug for HttpSink {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpSink").field("name", &self.name).finish_non_exhaustive()
    }
}

fn parse(uri: &str) -> Result<Url, HttpSinkError> {
    let uri = Url::parse(uri).map_err(|error| HttpSinkError::Uri(error.to_string()))?;
    if !matches!(uri.scheme(), "http" | "https") {
        return Err(HttpSinkError::Scheme(uri.scheme().to_owned()));
    }
    if !uri.username().is_empty() || uri.password().is_some() {
        return Err(HttpSinkError::Credentials);
    }
    Ok(uri)
}

fn authorization(token: Option<String>) -> Result<HeaderMap, HttpSinkError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| HttpSinkError::Token)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn tls_config(uri: &Url, tls: Option<ClientConfig>) -> Result<ClientConfig, HttpSinkError> {
    let mut tls = match (uri.scheme(), tls) {
        ("https", Some(tls)) => tls,
        ("https", None) => tls::client(&ClientTls::default())?,
        (_, Some(_)) => return Err(HttpSinkError::TlsUnused),
        // The client wants some, which trusts nobody.
        (_, None) => tls::trusting_nobody(),
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// All pieces; the last line ends with a newline, even if it came without one.
fn plain(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() == 1 && pieces[0].ends_with(b"\n") {
        return pieces.remove(0);
    }
    let mut body = Vec::with_capacity(pieces.iter().map(Bytes::len).sum::<usize>() + 1);
    pieces.iter().for_each(|piece| body.extend_from_slice(piece));
    if !body.ends_with(b"\n") {
        body.push(b'\n');
    }
    body.into()
}

/// Cuts lines in two about the middle; there are none if it is but one line.
fn halves(lines: &Bytes) -> Option<[Bytes; 2]> {
    let middle = lines.len() / 2;
    let before = memchr::memrchr(b'\n', &lines[..middle]);
    let cut = before.or_else(|| Some(middle + memchr::memchr(b'\n', &lines[middle..])?))? + 1;
    (cut < lines.len()).then(|| [lines.slice(..cut), lines.slice(cut..)])
}

/// The beginning of the answer, as far as it can be printed.
async fn quote(mut response: Response) -> String {
    let (mut read, mut quoted) = (0, Vec::new());
    while let Ok(Some(chunk)) = response.chunk().await
        && read < READ
    {
        read += chunk.len();
        quoted.extend_from_slice(&chunk[..chunk.len().min(QUOTED - quoted.len())]);
    }
    let printable: String =
        String::from_utf8_lossy(&quoted).chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    match printable.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

/// What went wrong first; the errors around it say only that something did.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}

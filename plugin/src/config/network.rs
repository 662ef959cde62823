//! The ends of the stream that are reached over a network: who may send here, and where events are sent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use reqwest::Url;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::secret::Secret;
use super::value;

/// Whom a source listens to, and how much of it at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
pub struct Listen {
    /// IP address and port to listen at. Default: 127.0.0.1:6000.
    pub address: SocketAddr,
    /// Encrypts the connections. Default: they are in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ServerTls")]
    pub tls: Option<ServerTls>,
    /// What each request has to show. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bearer")]
    pub auth: Option<Bearer>,
    /// Memory for requests that aren't answered yet, in MiB, of all connections; others wait. Default: 256.
    #[schemars(range(min = 128, max = 65_536))]
    pub in_flight_mib: usize,
    /// How many connections may be open at the same time; further ones wait. Default: 1024.
    #[schemars(range(min = 1, max = 65_536))]
    pub max_connections: usize,
}

/// Encrypts the connections to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerTls {
    /// The source's certificate, and those that lead to its authority, in PEM.
    pub crt_file: PathBuf,
    /// The certificate's private key, in PEM.
    pub key_file: PathBuf,
    /// The authorities that sign the senders' certificates, in PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Is a sender refused that shows no certificate signed by `ca_file`? Default: `false`.
    #[serde(default)]
    pub verify_certificate: bool,
}

/// Where and how a sink sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Remote {
    /// Host and port to send to, such as `vector.example:6000`; with `https://` before it, encrypted.
    pub address: String,
    /// How requests are compressed. Default: `none`.
    #[schemars(default)]
    pub compression: Compression,
    /// Longest time for a request, in seconds. A request to Weir waits for `alerts`, then for `sink`, and a Vector that
    /// sends to Weir waits for 60 s. Default: 25.
    #[schemars(default = "default_timeout_secs", range(min = 1, max = 3600))]
    pub timeout_secs: u64,
    /// Encrypts the connections. Default: they are encrypted if the address begins with `https://`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default, with = "ClientTls")]
    pub tls: Option<ClientTls>,
    /// What each request shows. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default, with = "Bearer")]
    pub auth: Option<Bearer>,
}

/// Encrypts the connections of a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// The authorities that sign the receiver's certificate, in PEM. Default: those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// The sink's own certificate, for a receiver that demands one, in PEM. Default: it has none.
    pub crt_file: Option<PathBuf>,
    /// The private key of `crt_file`, in PEM.
    pub key_file: Option<PathBuf>,
    /// The name that the receiver's certificate must have, of type `vector`. Default: the host in the address.
    #[serde(deserialize_with = "value::server_name")]
    pub server_name: Option<String>,
}

/// Who knows the token is let in; it is given here, or in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, transform = with_strategy)]
pub struct Bearer {
    /// The token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default, with = "String")]
    pub token: Option<Secret>,
    /// A file that holds the token, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default, with = "PathBuf")]
    pub token_file: Option<PathBuf>,
}

/// How requests are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
    /// By Zstandard.
    Zstd,
}

impl Listen {
    /// Where a source of type `vector` listens, unless the config says otherwise.
    pub(super) const VECTOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 6000);
    /// Where a source of type `http` listens, unless the config says otherwise.
    pub(super) const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let tls = self.tls.iter_mut();
        let tls = tls.flat_map(|tls| [&mut tls.crt_file, &mut tls.key_file].into_iter().chain(&mut tls.ca_file));
        tls.chain(self.auth.iter_mut().flat_map(|auth| &mut auth.token_file))
    }
}

/// As a source of type `vector` has it.
impl Default for Listen {
    fn default() -> Self {
        Self { address: Self::VECTOR, tls: None, auth: None, in_flight_mib: 256, max_connections: 1024 }
    }
}

impl Remote {
    /// Are the connections encrypted?
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some() || self.address.starts_with("https://")
    }

    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let tls = self.tls.iter_mut();
        let tls = tls.flat_map(|tls| [&mut tls.ca_file, &mut tls.crt_file, &mut tls.key_file].into_iter().flatten());
        tls.chain(self.auth.iter_mut().flat_map(|auth| &mut auth.token_file))
    }

    /// The address as a URL: none unless it was checked when the config was read.
    pub(super) fn url(&self) -> Option<Url> {
        url_of(&self.address)
    }
}

/// What `address` or `uri` name, a scheme or not.
pub(super) fn url_of(address: &str) -> Option<Url> {
    let url = if address.contains("://") { Url::parse(address) } else { Url::parse(&format!("http://{address}")) };
    url.ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

pub(super) fn default_timeout_secs() -> u64 {
    25
}

/// The schema of [`Listen`] for a `vector` source: its protocol has no tokens.
pub(super) fn vector_listen(schema: &mut Schema) {
    remove_property(schema, "auth");
}

/// The schema of [`Listen`] for a `http` source.
pub(super) fn http_listen(schema: &mut Schema) {
    if let Some(address) = schema.pointer_mut("/properties/address") {
        address["default"] = json!(Listen::HTTP);
        address["description"] = json!(format!("IP address and port to listen at. Default: {}.", Listen::HTTP));
    }
}

/// The schema of [`Remote`] for a `vector` sink.
pub(super) fn vector_remote(schema: &mut Schema) {
    remove_property(schema, "auth");
}

/// The schema of [`Remote`] for a `http` sink.
pub(super) fn http_remote(schema: &mut Schema) {
    remove_property(schema, "address");
    if let Some(properties) = schema.get_mut("properties") {
        properties["uri"] = json!({ "description": "URL to post to, `http` or `https`.", "type": "string" });
    }
    if let Some(required) = schema.get_mut("required").and_then(|required| required.as_array_mut()) {
        required.iter_mut().filter(|key| *key == "address").for_each(|key| *key = json!("uri"));
    }
}

/// The schema of [`Bearer`] with the key that tells it from other strategies.
fn with_strategy(schema: &mut Schema) {
    if let Some(properties) = schema.get_mut("properties") {
        properties["strategy"] = json!({ "type": "string", "const": "bearer" });
    }
    schema.insert("required".to_owned(), json!(["strategy"]));
}

fn remove_property(schema: &mut Schema, name: &str) {
    if let Some(properties) = schema.get_mut("properties").and_then(|properties| properties.as_object_mut()) {
        properties.remove(name);
    }
}

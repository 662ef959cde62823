//! Certificates and keys from PEM files, checked, for whoever listens or connects; knows nothing of what is said over TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::config::{ClientTls, ServerTls};

/// Longest time for a handshake.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Why TLS can't be had as configured.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file couldn't be read.
    #[error("cannot read `{}`: {source}; check the path and its permissions", path.display())]
    Read {
        /// As the user named it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file isn't PEM, or is broken.
    #[error("`{}` isn't a PEM file: {source}; is it in DER, or cut short?", path.display())]
    Pem {
        /// As the user named it.
        path: PathBuf,
        /// The reader's reason.
        source: pem::Error,
    },
    /// There is no certificate in a file.
    #[error("`{}` holds no certificate; name a PEM file with a `BEGIN CERTIFICATE` section", path.display())]
    NoCertificate {
        /// As the user named it.
        path: PathBuf,
    },
    /// There is no key in a file.
    #[error("`{}` holds no private key; name a PEM file with a `BEGIN PRIVATE KEY` section, not encrypted", path.display())]
    NoKey {
        /// As the user named it.
        path: PathBuf,
    },
    /// A certificate and a key can't be used together.
    #[error(
        "the key in `{}` can't be used with the first certificate in `{}`: {source}; name the two that were made \
         together, the server's or client's own certificate first",
        key.display(), certificate.display()
    )]
    Pair {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
    /// A certificate can't be trusted as an authority.
    #[error("`{}` can't be used as an authority: {reason}; name the PEM file of the CA that signs the peers' certificates", path.display())]
    Authority {
        /// As the user named it.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Client certificates are demanded, but nothing says whose.
    #[error("`verify_certificate` needs an authority to verify by; name its PEM file in `ca_file`")]
    NoAuthority,
    /// A certificate without a key, or the other way round.
    #[error("`crt_file` and `key_file` go together; name both, or neither")]
    HalfIdentity,
    /// The machine trusts nobody.
    #[error("the system has no trusted certificates; install its package `ca-certificates`, or name a `ca_file`")]
    NoRoots,
    /// A name that no certificate can have.
    #[error("`{0}` can't be a server's name; write a host name or an IP address, without a port")]
    ServerName(String),
}

/// For a server; with `verify_certificate`, it only talks to clients whose certificate is signed by `ca_file`.
///
/// # Errors
/// If the files can't be used.
pub fn server(tls: &ServerTls) -> Result<ServerConfig, TlsError> {
    let chain = Pem::read(&tls.crt_file)?.certificates()?;
    let key = Pem::read(&tls.key_file)?.key()?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.expect("ring has a cipher suite for every version").with_client_cert_verifier(clients(tls)?);
    let mut config = builder.with_single_cert(chain, key).map_err(|source| TlsError::Pair {
        certificate: tls.crt_file.clone(),
        key: tls.key_file.clone(),
        source,
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// For a client that isn't tonic's. It verifies the name in the address that is connected to: to have another, say so
/// where the connection is made.
///
/// # Errors
/// If the files can't be used.
pub fn client(tls: &ClientTls) -> Result<ClientConfig, TlsError> {
    let roots = match &tls.ca_file {
        Some(path) => Pem::read(path)?.roots()?,
        None => system_roots()?,
    };
    let builder = trusting(roots);
    let Some((certificate, key)) = own_files(tls)? else {
        return Ok(builder.with_no_client_auth());
    };
    let (chain, private) = (Pem::read(certificate)?.certificates()?, Pem::read(key)?.key()?);
    builder.with_client_auth_cert(chain, private).map_err(|source| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    })
}

/// For a client that must have TLS set up, but only connects without it.
pub(crate) fn trusting_nobody() -> ClientConfig {
    trusting(RootCertStore::empty()).with_no_client_auth()
}

fn trusting(roots: RootCertStore) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    builder.expect("ring has a cipher suite for every version").with_root_certificates(roots)
}

/// For tonic's client.
///
/// # Errors
/// If the files can't be used.
pub fn channel(tls: &ClientTls) -> Result<ClientTlsConfig, TlsError> {
    // Tonic reads the files anew, and its errors don't name them.
    client(tls)?;
    let mut config = ClientTlsConfig::new().timeout(HANDSHAKE_LIMIT);
    config = match &tls.ca_file {
        Some(path) => config.ca_certificate(Certificate::from_pem(Pem::read(path)?.bytes)),
        None => config.with_native_roots(),
    };
    if let Some((certificate, key)) = own_files(tls)? {
        config = config.identity(Identity::from_pem(Pem::read(certificate)?.bytes, Pem::read(key)?.bytes));
    }
    match &tls.server_name {
        Some(name) if ServerName::try_from(name.as_str()).is_err() => Err(TlsError::ServerName(name.clone())),
        Some(name) => Ok(config.domain_name(name)),
        None => Ok(config),
    }
}

/// Other crates may install another one for the process, or none.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn clients(tls: &ServerTls) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    if !tls.verify_certificate {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let path = tls.ca_file.as_ref().ok_or(TlsError::NoAuthority)?;
    let roots = Arc::new(Pem::read(path)?.roots()?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
    verifier.map_err(|error| TlsError::Authority { path: path.clone(), reason: error.to_string() })
}

fn own_files(tls: &ClientTls) -> Result<Option<(&Path, &Path)>, TlsError> {
    match (&tls.crt_file, &tls.key_file) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        _ => Err(TlsError::HalfIdentity),
    }
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // Some systems have a few certificates that can't be read; the others do.
    match roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs) {
        (0, _) => Err(TlsError::NoRoots),
        _ => Ok(roots),
    }
}

/// The text of a PEM file.
struct Pem<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
}

impl<'a> Pem<'a> {
    fn read(path: &'a Path) -> Result<Self, TlsError> {
        let bytes = fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
        Ok(Self { path, bytes })
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let certificates = CertificateDer::pem_slice_iter(&self.bytes).collect::<Result<Vec<_>, _>>();
        match certificates.map_err(|source| self.broken(source))? {
            none if none.is_empty() => Err(TlsError::NoCertificate { path: self.path.to_owned() }),
            some => Ok(some),
        }
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey { path: self.path.to_owned() },
            source => self.broken(source),
        })
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots
                .add(certificate)
                .map_err(|error| TlsError::Authority { path: self.path.to_owned(), reason: error.to_string() })?;
        }
        Ok(roots)
    }

    fn broken(&self, source: pem::Error) -> TlsError {
        TlsError::Pem { path: self.path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let files = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        fs::write(&files.0, made.cert.pem()).unwrap();
        fs::write(&files.1, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let (crt, key) = pair(folder.path(), "localhost");
        let (_, other_key) = pair(folder.path(), "other");
        let broken = folder.path().join("broken.pem");
        fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
        let no_x509 = folder.path().join("no_x509.pem");
        fs::write(&no_x509, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let missing = folder.path().join("missing.pem");
        let tls = ServerTls { crt_file: crt.clone(), key_file: key.clone(), ca_file: None, verify_certificate: false };
        let verifying = ServerTls { ca_file: Some(crt.clone()), verify_certificate: true, ..tls.clone() };
        server(&tls).unwrap();
        server(&verifying).unwrap();
        for (tls, file, remedy) in [
            (ServerTls { crt_file: missing.clone(), ..tls.clone() }, "missing.pem", "permissions"),
            (ServerTls { crt_file: key.clone(), ..tls.clone() }, "localhost.key", "BEGIN CERTIFICATE"),
            (ServerTls { key_file: crt.clone(), ..tls.clone() }, "localhost.crt", "BEGIN PRIVATE KEY"),
            (ServerTls { crt_file: broken, ..tls.clone() }, "broken.pem", "cut short"),
            (ServerTls { key_file: other_key.clone(), ..tls.clone() }, "other.key", "made together"),
            (ServerTls { ca_file: Some(no_x509), ..verifying.clone() }, "no_x509.pem", "PEM file of the CA"),
            (ServerTls { ca_file: Some(key.clone()), ..verifying.clone() }, "localhost.key", "BEGIN CERTIFICATE"),
            (ServerTls { ca_file: None, ..verifying }, "verify_certificate", "ca_file"),
        ] {
            let error = server(&tls).unwrap_err().to_string();
            assert!(error.contains(file) && error.contains(remedy), "{error}");
        }
        let tls = ClientTls { ca_file: Some(crt.clone()), crt_file: Some(crt), key_file: Some(key), server_name: None };
        channel(&tls).unwrap();
        for (tls, file, remedy) in [
            (ClientTls { key_file: None, ..tls.clone() }, "crt_file", "both"),
            (ClientTls { key_file: Some(other_key), ..tls.clone() }, "other.key", "made together"),
            (ClientTls { server_name: Some("a b".to_owned()), ..tls.clone() }, "`a b`", "host name"),
            (ClientTls { ca_file: Some(missing), ..tls }, "missing.pem", "permissions"),
        ] {
            let error = channel(&tls).unwrap_err().to_string();
            assert!(error.contains(file) && error.contains(remedy), "{error}");
        }
    }
}

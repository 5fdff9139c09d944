//! A target with TLS and its own certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::Load;

/// Responds to every request with 201. Returns its address and its certificate as PEM.
async fn serve(names: &[&str]) -> (SocketAddr, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = own.cert.der().clone();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(&certificate)
    );
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut received = Vec::new();
                loop {
                    while !received.ends_with(b"\r\n\r\n") {
                        (stream.read_buf(&mut received).await.ok()? > 0).then_some(())?;
                    }
                    received.clear();
                    let answer = b"HTTP/1.1 201 x\r\ncontent-length: 2\r\n\r\n{}";
                    stream.write_all(answer).await.ok()?;
                }
                #[expect(unreachable_code, reason = "names the type")]
                Some(())
            });
        }
    });
    (address, pem)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_trusted_when_its_file_is_named() {
    let (address, pem) = serve(&["localhost", "127.0.0.1"]).await;
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}", address.port());
        let load = Load::on(&url, &["30", "3", "--mix", "visits=1"]);
        let cacert = load.folder.write("ca.pem", &pem);
        let done = tokio::task::spawn_blocking(move || load.arg("--cacert", &cacert).run());
        let done = done.await.unwrap();
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert_eq!(done.record().requests.ok, 30);
        assert_eq!(done.record().target, url);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_certificate_is_refused() {
    let (address, pem) = serve(&["other.example"]).await;
    let url = format!("https://localhost:{}", address.port());
    let refused = async |load: Load, cacert: Option<String>| {
        let load = match cacert {
            None => load,
            Some(text) => {
                let folder = crate::scratch::Scratch::new();
                let path = folder.write("ca.pem", text);
                std::mem::forget(folder);
                load.arg("--cacert", &path)
            }
        };
        let done = tokio::task::spawn_blocking(move || load.run())
            .await
            .unwrap();
        done.refused().to_owned()
    };
    let load = || Load::on(&url, &["30", "3"]);
    let said = refused(load(), None).await;
    assert!(said.contains("name the CA's file with --cacert"), "{said}");
    let said = refused(load(), Some(pem)).await;
    assert!(said.contains("not valid for name"), "{said}");
    let said = refused(load(), Some("no certificate".to_owned())).await;
    assert!(said.contains("there is no certificate in"), "{said}");
    let said = load().arg("--cacert", "/no/such/file".as_ref());
    let said = tokio::task::spawn_blocking(move || said.run())
        .await
        .unwrap();
    assert!(
        said.refused().contains("cannot read the certificates"),
        "{}",
        said.err
    );
}

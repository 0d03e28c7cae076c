//! Metrics for Prometheus: an HTTP server on `metrics-port` whose only page is `/metrics`.
//!
//! It promises that whoever asks, and however, costs the clients of the database next to nothing: a request has to
//! come within seconds and some kilobytes, only so many are served at once, and each connection is closed after its
//! answer. The page is made of counters that exist anyway (`families`), so nothing is counted for its sake.

mod families;
mod text;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use config::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::listening::{ListenError, listen_on};
use crate::server::Server;

/// Bytes of a request's head, at most.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// What ends a request's head.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
/// How long a request may take to come, and its answer to go.
const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(5);
/// How many are served at once.
const CONNECTIONS_MAX: usize = 16;
/// What `families` writes.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Opens the sockets that the settings ask for.
pub(crate) fn open(settings: &Settings) -> Result<Vec<TcpListener>, ListenError> {
    let network = &settings.network;
    let listeners = listen_on(&network.metrics_bind, network.metrics_port, network.tcp_backlog)?;
    for listener in &listeners {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "Metrics at /metrics");
        }
    }
    Ok(listeners)
}

/// Answers whoever connects until the task is aborted.
pub(crate) async fn serve(server: Arc<Server>, listener: TcpListener) {
    /// Where no connection can be taken in, as for want of descriptors.
    const PAUSE: Duration = Duration::from_millis(100);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while tasks.try_join_next().is_some() {}
        // Whoever finds no place is not answered, and asks again at the next scrape.
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let server = Arc::clone(&server);
            tasks.spawn(async move {
                let _place = place;
                let _ = tokio::time::timeout(EXCHANGE_TIME_MAX, answer(&server, stream)).await;
            });
        }
    }
}

async fn answer(server: &Server, mut stream: TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    let response = loop {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&chunk[..read]);
        if head.windows(END_OF_HEAD.len()).any(|bytes| bytes == END_OF_HEAD) {
            break respond(server, &head);
        }
        if head.len() > HEAD_BYTES_MAX {
            break response(
                "431 Request Header Fields Too Large",
                "text/plain",
                "The request is too long.\n",
                true,
            );
        }
    };
    stream.write_all(&response).await?;
    stream.shutdown().await
}

/// The response to a request with this head.
fn respond(server: &Server, head: &[u8]) -> Vec<u8> {
    const TEXT: &str = "text/plain";
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with(b"HTTP/1."));
    let path = target.and_then(|target| target.split(|byte| *byte == b'?').next());
    match (method, path) {
        _ if !is_http => response("400 Bad Request", TEXT, "This is no HTTP request.\n", true),
        (Some(b"GET"), Some(b"/metrics")) => {
            response("200 OK", CONTENT_TYPE, &families::render(server), true)
        }
        (Some(b"HEAD"), Some(b"/metrics")) => {
            response("200 OK", CONTENT_TYPE, &families::render(server), false)
        }
        (Some(b"GET" | b"HEAD"), _) => {
            response("404 Not Found", TEXT, "The metrics are at /metrics.\n", true)
        }
        _ => response("405 Method Not Allowed", TEXT, "Only GET is answered.\n", true),
    }
}

fn response(status: &str, content_type: &str, body: &str, with_body: bool) -> Vec<u8> {
    let length = body.len();
    let body = if with_body { body } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

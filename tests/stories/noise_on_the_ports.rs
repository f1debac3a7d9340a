//! Whatever strangers send to the ports that units use, units go on passing.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use tests::{Gateway, Injection, Process, Product, Station, VirtualUnit};

const FIRST: &str = "62:55:f9:00:b0:01";
const SECOND: &str = "62:55:f9:00:b0:02";

/// What strangers send.
const NOISE: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    // CONNECT of MQTT 3.1.1, without TLS.
    b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00",
    // A TLS record that promises a ClientHello of 512 bytes and holds four.
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10SSLv2",
    &[0xff; 4096],
    &[0; 70_000],
    b"",
];

#[test]
fn a_unit_passes_while_strangers_talk_to_its_ports() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let first = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let gateway = Gateway::of(&station);
    let mut batch = Process::start(&mut station.flash_command_at(&gateway, &recipe, &[&first], &["--count", "2"]));
    batch.wait_for_event("passed", |_| true);
    first.unplug();
    batch.wait_for_event("waiting", |_| true);

    let silent = strangers(&gateway);
    let _second = VirtualUnit::start(product.folder(), "A1", SECOND, &[]);
    batch.wait_for_event("passed", |event| event["mac"] == SECOND);
    drop(silent);
    batch.finish().expect_code(0).expect_counts(2, 0);
    station.audit();
}

/// Sends all noise to both ports, and returns connections that stay open and say no more.
fn strangers(gateway: &Gateway) -> Vec<TcpStream> {
    let ports = [gateway.https, gateway.mqtt];
    let connect = |port| TcpStream::connect((gateway.host.as_str(), port)).unwrap();
    for (port, noise) in ports.iter().flat_map(|port| NOISE.iter().map(move |noise| (*port, noise))) {
        let mut stranger = connect(port);
        // The server may hang up in the middle of it, as it should.
        let _ = stranger.write_all(noise).and_then(|()| stranger.shutdown(Shutdown::Write));
        let _ = stranger.read_to_end(&mut Vec::new());
    }
    let silent = ports.iter().flat_map(|port| NOISE.iter().map(move |noise| (*port, noise)));
    silent
        .map(|(port, noise)| {
            let mut stranger = connect(port);
            let _ = stranger.write_all(&noise[..noise.len().min(3)]);
            stranger
        })
        .collect()
}

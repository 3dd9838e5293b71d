//! Sockets that the parent process hands over, as systemd does.

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::settings_listen;
use super::shop::{PATIENCE, Shop};
use crate::cli::{Said, command};

/// Input and output become the descriptors 3 and 4.
const HAND_OVER: &str = "exec 3<&0 4<&1 0</dev/null 1>&2; export LISTEN_FDS LISTEN_FDNAMES LISTEN_PID=${LISTEN_PID:-$$}; exec \"$0\" serve --sandbox --log json";

/// A daemon to be, which is handed these two by this environment.
fn handed(shop: &Shop, first: OwnedFd, second: OwnedFd, env: &[(&str, &str)]) -> Command {
    let plain = command(&shop.dir, &[]);
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", HAND_OVER])
        .arg(plain.get_program())
        .current_dir(&shop.dir)
        .env_clear()
        .envs(env.iter().copied())
        .stdin(first)
        .stdout(second)
        .stderr(fs::File::create(shop.log()).unwrap());
    shell
}

/// How it ends that cannot begin.
fn refused(shop: &Shop, first: impl Into<OwnedFd>, env: &[(&str, &str)]) -> Said {
    let nothing = fs::File::open("/dev/null").unwrap();
    let mut daemon = Running(
        handed(shop, first.into(), nothing.into(), env)
            .spawn()
            .unwrap(),
    );
    let began = Instant::now();
    loop {
        if let Some(status) = daemon.0.try_wait().unwrap() {
            return Said {
                code: status.code().unwrap(),
                out: String::new(),
                err: fs::read_to_string(shop.log()).unwrap(),
            };
        }
        assert!(began.elapsed() < PATIENCE, "it began");
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// It takes deliveries, here and at no other address.
    fn serves(&self, shop: &Shop, number: u32) {
        let began = Instant::now();
        while shop.run("health").code != 0 {
            let log = fs::read_to_string(shop.log()).unwrap();
            assert!(began.elapsed() < PATIENCE, "{log}");
        }
        let event = shop.purchase(number);
        shop.run_in_state(&event, "done");
    }
}

/// Nobody but the daemon can have them: the settings name addresses that are taken, by these very sockets.
#[test]
fn webhooks_and_api_come_in_on_the_sockets_that_are_handed_over() {
    let shop = Shop::open();
    let console = fs::read_to_string(shop.dir.join("kartwheel.yaml")).unwrap();
    let console = console
        .lines()
        .find_map(|line| line.trim().strip_prefix("console: { listen: "))
        .unwrap()
        .trim_end_matches(" }")
        .to_owned();
    let webhooks = TcpListener::bind(settings_listen(&shop.dir)).unwrap();
    let api = TcpListener::bind(&console).unwrap();
    let env = [
        ("LISTEN_FDS", "2"),
        ("LISTEN_FDNAMES", "console:kartwheel.socket"),
    ];
    let daemon = Running(
        handed(
            &shop,
            api.try_clone().unwrap().into(),
            webhooks.try_clone().unwrap().into(),
            &env,
        )
        .spawn()
        .unwrap(),
    );
    daemon.serves(&shop, 1);
}

#[test]
fn what_is_meant_for_another_process_is_left_alone() {
    let shop = Shop::open();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let nothing = fs::File::open("/dev/null").unwrap();
    let others = [("LISTEN_FDS", "1"), ("LISTEN_PID", "1")];
    for (number, env) in (1..).zip([&others[..], &[]]) {
        let first = elsewhere.try_clone().unwrap();
        let second = nothing.try_clone().unwrap();
        let mut daemon = handed(&shop, first.into(), second.into(), env);
        Running(daemon.spawn().unwrap()).serves(&shop, number);
    }
}

#[test]
fn what_is_no_listening_tcp_socket_is_refused_in_words() {
    let shop = Shop::open();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let file = fs::File::open("/dev/null").unwrap();
    let one = [("LISTEN_FDS", "1")];
    let said = [
        refused(&shop, connected, &one),
        refused(&shop, datagrams, &one),
        refused(&shop, file, &one),
    ];
    for said in said {
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(
            said.err.contains("not a listening TCP socket (LISTEN_FDS)"),
            "{}",
            said.err
        );
    }
    let said = refused(&shop, listener, &[("LISTEN_FDS", "many")]);
    assert!(
        said.code == 2 && said.err.contains("LISTEN_FDS=`many` is no number"),
        "{}",
        said.err
    );
}

#[test]
fn two_sockets_for_the_same_are_one_too_many() {
    let shop = Shop::open();
    let listen = || OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
    let mut daemon = handed(&shop, listen(), listen(), &[("LISTEN_FDS", "2")]);
    let status = daemon.stdin(Stdio::from(listen())).status().unwrap();
    let log = fs::read_to_string(shop.log()).unwrap();
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains("more than one socket for webhooks"), "{log}");
}

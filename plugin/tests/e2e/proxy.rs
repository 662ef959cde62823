//! A network that breaks: passes connections on, and cuts all of them when it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// It lives as long as the tests do.
pub struct Proxy {
    pub address: SocketAddr,
    network: Arc<Network>,
}

struct Network {
    to: SocketAddr,
    /// Bytes that still pass before everything is cut.
    left: AtomicI64,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(Network { to, left: AtomicI64::new(i64::MAX), sockets: Mutex::default() });
        let serving = Arc::clone(&network);
        thread::spawn(move || {
            for socket in listener.incoming() {
                serving.pass(socket.unwrap());
            }
        });
        Self { address, network }
    }

    /// Cuts all connections once so many bytes have passed: most likely in the middle of a message.
    pub fn cut_after(&self, bytes: u64) {
        self.network.left.store(bytes as i64, Ordering::SeqCst);
    }
}

impl Network {
    fn pass(self: &Arc<Self>, near: TcpStream) {
        // Nobody there: whoever connects finds a connection that breaks at once.
        let Ok(far) = TcpStream::connect(self.to) else { return };
        for (mut from, mut to) in [(&near, &far), (&far, &near)].map(|(from, to)| (clone(from), clone(to))) {
            let network = Arc::clone(self);
            thread::spawn(move || {
                network.copy(&mut from, &mut to);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        self.sockets.lock().unwrap().extend([near, far]);
    }

    fn copy(&self, from: &mut TcpStream, to: &mut TcpStream) {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let left = self.left.fetch_sub(read as i64, Ordering::SeqCst);
            let passed = left.clamp(0, read as i64) as usize;
            if to.write_all(&buffer[..passed]).is_err() {
                return;
            }
            if passed < read {
                return self.cut();
            }
        }
    }

    fn cut(&self) {
        for socket in self.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.left.store(i64::MAX, Ordering::SeqCst);
    }
}

fn clone(socket: &TcpStream) -> TcpStream {
    socket.try_clone().unwrap()
}

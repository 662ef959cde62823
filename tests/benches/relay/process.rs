//! A `weir run` between two ends that speak Vector's protocol, and what it costs by the kernel's count.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use crate::Fallible;
use crate::message::Compression;

/// In which the kernel counts a process's time, on every machine that has Linux and Rust.
const TICK: Duration = Duration::from_millis(10);

/// Ends when it is dropped.
pub struct Weir {
    pub address: SocketAddr,
    child: Child,
}

impl Weir {
    /// Starts one that hands on to `downstream`; all that isn't about the ends is as by default.
    pub fn start(folder: &Path, downstream: SocketAddr, compression: Compression) -> Fallible<Self> {
        // Free until it is taken: nothing else on this machine waits for just this port.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let config = folder.join("weir.yaml");
        let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wasm-guest/rules/container_management_utility.toml");
        let rule = rule.display();
        let compression = compression.name();
        fs::write(
            &config,
            format!(
                "source: {{type: vector, address: '{address}'}}\n\
                 detect: {{rules: ['{rule}']}}\n\
                 sink: {{type: vector, address: '{downstream}', compression: {compression}}}\n"
            ),
        )?;
        let child = Command::new(binary()?).args(["run", "--quiet", "--config"]).arg(config).spawn()?;
        Ok(Self { address, child })
    }

    /// The time on a core that it has taken so far, the kernel's for it included.
    pub fn cpu(&self) -> Fallible<Duration> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        // The name before the bracket may hold blanks. The times in user and in kernel mode are the 14th and 15th field.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/PID/stat")?;
        let times: Vec<u32> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(TICK * times.iter().sum())
    }

    /// The memory that it holds, in MiB.
    pub fn memory(&self) -> Fallible<f64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
        Ok(resident.ok_or("no VmRSS in /proc/PID/status")?.trim().parse::<f64>()? / 1024.0)
    }

    fn proc(&self, file: &str) -> PathBuf {
        ["/proc", &self.child.id().to_string(), file].iter().collect()
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        // It may have ended by itself, which the benchmark has noticed then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo bench` puts its programs into `deps`, beside which the command lies.
fn binary() -> Fallible<PathBuf> {
    let binary = std::env::current_exe()?.ancestors().nth(2).ok_or("no target folder")?.join("weir");
    if !binary.exists() {
        return Err(format!("{} isn't there; run `make bench`, which builds it", binary.display()).into());
    }
    Ok(binary)
}

//! Thinks up one event, then tells it as ECS JSON the way Elastic's sensors would.

use super::{Random, Shape};
use std::borrow::Cow;
use std::fmt::{self, Write};

/// What happened, before it is told.
pub(super) struct Story {
    /// The program as its file is called, and its arguments.
    command: &'static str,
    place: Place,
    phase: Phase,
    /// Whether the seed rule matches it.
    pub(super) matches: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Container,
    Host,
}

#[derive(Clone, Copy)]
enum Phase {
    Start,
    End,
    Change,
    Info,
}

impl Story {
    pub(super) fn draw(random: &mut Random) -> Self {
        let lot = random.below(100);
        let (commands, place, phase) = match lot {
            0 => (UTILITIES, Place::Container, Phase::Start),
            1..4 => (UTILITIES, Place::Host, Phase::Start),
            4..7 => (UTILITIES, Place::Container, Phase::End),
            7..10 => (LOOK_ALIKES, Place::Container, Phase::Start),
            _ => (DAILY_LIFE, Place::draw(random), Phase::draw(random)),
        };
        let command = random.pick(commands);
        Self { command, place, phase, matches: lot == 0 }
    }

    /// Appends the event to `out`; `number` is its place in the stream.
    pub(super) fn tell(&self, out: &mut String, number: usize, shape: Shape, random: &mut Random) -> fmt::Result {
        self.tell_event(out, number, random)?;
        self.tell_process(out, random)?;
        tell_user_and_host(out, random)?;
        if self.place == Place::Container {
            tell_container(out, random)?;
        }
        if shape == Shape::Enriched {
            tell_cloud(out, random)?;
        }
        out.write_str(r#","ecs":{"version":"8.11.0"}}"#)
    }

    fn tell_event(&self, out: &mut String, number: usize, random: &mut Random) -> fmt::Result {
        // One event every 3 ms; past midnight the day begins anew.
        let ms = 3 * number % 86_400_000;
        let (hour, minute, second, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
        let (category, kind, action) = self.phase.spell(random);
        let (module, dataset) = match self.place {
            Place::Container => ("cloud_defend", "cloud_defend.process"),
            Place::Host => ("endpoint", "endpoint.events.process"),
        };
        let id = random.next();
        write!(out, r#"{{"@timestamp":"2026-08-21T{hour:02}:{minute:02}:{second:02}.{milli:03}Z","#)?;
        write!(out, r#""event":{{"kind":"event","category":{category},"type":{kind},"action":{action},"#)?;
        write!(out, r#""dataset":"{dataset}","module":"{module}","id":"{id:016x}","sequence":{number}}}"#)
    }

    fn tell_process(&self, out: &mut String, random: &mut Random) -> fmt::Result {
        let program = program(self.command);
        let (name, id, pid) = (self.name(random), random.next(), 2 + random.below(4_000_000));
        write!(out, r#","process":{{"entity_id":"{id:016x}","pid":{pid},"name":"{name}","#)?;
        write!(out, r#""executable":"/usr/bin/{program}","args":["{program}""#)?;
        let args = self.command.split(' ').skip(1);
        for arg in args.clone() {
            write!(out, r#","{arg}""#)?;
        }
        write!(out, r#"],"args_count":{}"#, 1 + args.count())?;
        // Elastic Defend for Containers doesn't send it.
        if self.place == Place::Host {
            write!(out, r#","command_line":"{}""#, self.command)?;
        }
        let parent = random.pick(match self.place {
            Place::Container => &["sh", "bash", "node", "containerd-shim-runc-v2"],
            Place::Host => &["bash", "sshd", "cron", "systemd"],
        });
        let parent_pid = 1 + random.below(pid - 1);
        write!(out, r#","parent":{{"pid":{parent_pid},"name":"{parent}","#)?;
        write!(out, r#""executable":"/usr/bin/{parent}"}}}}"#)
    }

    /// One match in ten isn't spelled as in the rule.
    fn name(&self, random: &mut Random) -> Cow<'static, str> {
        let name = program(self.command);
        if self.matches && random.below(10) == 0 { name.to_ascii_uppercase().into() } else { name.into() }
    }
}

impl Place {
    fn draw(random: &mut Random) -> Self {
        match random.below(10) {
            0..7 => Self::Container,
            _ => Self::Host,
        }
    }
}

impl Phase {
    fn draw(random: &mut Random) -> Self {
        match random.below(10) {
            0..7 => Self::Start,
            7 => Self::End,
            8 => Self::Change,
            _ => Self::Info,
        }
    }

    /// `event.category`, `event.type` and `event.action` as JSON: arrays mostly, and one start in ten together with its
    /// end.
    fn spell(self, random: &mut Random) -> (&'static str, &'static str, &'static str) {
        match (self, random.below(10)) {
            (Self::Start, 0) => (r#"["process"]"#, r#"["start","end"]"#, r#"["fork","exec","end"]"#),
            (Self::Start, 1..3) => (r#""process""#, r#""start""#, r#""exec""#),
            (Self::Start, _) => (r#"["process"]"#, r#"["start"]"#, r#"["exec"]"#),
            (Self::End, 0..2) => (r#""process""#, r#""end""#, r#""end""#),
            (Self::End, _) => (r#"["process"]"#, r#"["end"]"#, r#"["end"]"#),
            (Self::Change, _) => (r#"["process"]"#, r#"["change"]"#, r#"["uid_change"]"#),
            (Self::Info, _) => (r#"["process"]"#, r#"["info"]"#, r#"["already_running"]"#),
        }
    }
}

fn tell_user_and_host(out: &mut String, random: &mut Random) -> fmt::Result {
    let (user_id, user) = random.pick(&[(0, "root"), (0, "root"), (1000, "app")]);
    let host = random.below(200);
    let (host_id, last_octet) = (Random(host).next(), host + 1);
    write!(out, r#","user":{{"id":"{user_id}","name":"{user}"}}"#)?;
    write!(out, r#","host":{{"name":"node-{host:03}","id":"{host_id:016x}","ip":["10.0.0.{last_octet}"],"#)?;
    write!(out, r#""os":{{"type":"linux","kernel":"6.1.0-28-amd64"}}}}"#)
}

/// The image goes into dotted keys within the nested object, as Elastic Defend for Containers has it.
fn tell_container(out: &mut String, random: &mut Random) -> fmt::Result {
    out.write_str(r#","container":{"id":""#)?;
    for _ in 0..4 {
        write!(out, "{:016x}", random.next())?;
    }
    let image = random.pick(&["shop/web", "shop/api", "shop/jobs", "library/redis"]);
    let (name, tag) = (random.next() >> 32, random.below(40));
    write!(out, r#"","name":"c-{name:08x}","image.name":"registry.example/{image}","image.tag":["1.{tag}"]}}"#)
}

fn tell_cloud(out: &mut String, random: &mut Random) -> fmt::Result {
    let (agent, instance, pod) = (random.next(), random.next(), random.next() >> 32);
    write!(out, r#","agent":{{"id":"{agent:016x}","type":"elastic-agent","version":"9.1.0"}}"#)?;
    write!(out, r#","cloud":{{"provider":"gcp","region":"europe-west3","instance.id":"{instance:016x}"}}"#)?;
    write!(out, r#","orchestrator":{{"cluster.name":"production","namespace":"shop","#)?;
    write!(out, r#""resource.name":"pod-{pod:08x}","resource.type":"pod"}}"#)
}

fn program(command: &str) -> &str {
    command.split(' ').next().unwrap_or(command)
}

/// Whether `name` resembles a utility of the seed rule, but isn't one.
#[cfg(test)]
pub(super) fn is_look_alike(name: &str) -> bool {
    LOOK_ALIKES.iter().any(|command| program(command) == name)
}

/// The utilities that the seed rule names.
const UTILITIES: &[&str] = &[
    "dockerd --host=unix:///var/run/docker.sock",
    "docker ps --all",
    "kubelet --config=/var/lib/kubelet/config.yaml",
    "kube-proxy --config=/var/lib/kube-proxy/config.conf",
    "kubectl get secrets --all-namespaces",
    "containerd --config /etc/containerd/config.toml",
    "runc list",
    "systemd --user",
    "crictl exec -it 4f1d sh",
];

const LOOK_ALIKES: &[&str] = &[
    "docker-proxy -proto tcp -host-port 8080",
    "docker-compose up --detach",
    "mydocker ps",
    "kubectl-ctx production",
    "kube-proxyd --v=2",
    "containerd-shim-runc-v2 -namespace k8s.io",
    "runcx list",
    "systemd-resolved",
    "crictl2 images",
];

const DAILY_LIFE: &[&str] = &[
    "bash -c ./entrypoint.sh",
    "sh -c env",
    "python3 -m http.server 8000",
    "nginx -g daemon;off",
    "curl --silent http://localhost:8080/healthz",
    "cat /proc/meminfo",
    "ls -la /var/log",
    "java -Xmx512m -jar /app/app.jar",
    "node server.js --port 3000",
    "postgres -D /var/lib/postgresql/data",
    "sshd -D",
    "cron -f",
    "sleep 30",
    "grep --recursive docker /etc",
    "tail -F /var/log/containerd.log",
    "redis-server /etc/redis.conf",
];

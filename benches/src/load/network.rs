//! Where server and clients stand: on loopback, or in two network namespaces joined by a veth pair, so that all servers
//! pay for the same path.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender, SyncSender};

use anyhow::{Context as _, Result, ensure};

use super::sys;

/// Addresses of the pair; both namespaces are ours alone.
const CLIENTS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);

/// Said before the cores.
const STEER_NEEDS: &str = "receiving cannot be kept apart (it takes the programs ethtool, pgrep and taskset) on cores";

type Spawn = (Command, Sender<io::Result<Child>>);

/// The set-up. Servers are started by a thread that stands where they shall run, which they inherit.
pub struct Network {
    clients: IpAddr,
    server: IpAddr,
    spawner: SyncSender<Spawn>,
}

impl Network {
    /// Everything on 127.0.0.1.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn loopback(server_cores: &[usize]) -> Result<Self> {
        Self::start(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, server_cores, None)
    }

    /// A namespace for the server beside the one this process has taken for itself by [`sys::own_network`].
    ///
    /// # Errors
    /// Without the privilege, or without the `ip` tool.
    pub fn veth(server_cores: &[usize], client_cores: &[usize]) -> Result<Self> {
        let (told, thread) = mpsc::channel();
        let network = Self::start(CLIENTS, SERVER, server_cores, Some(told))?;
        let thread: libc::pid_t = thread.recv().context("the server's namespace was refused")??;
        ip(&format!("link add load0 type veth peer name load1 netns {thread}"))?;
        ip(&format!("address add {CLIENTS}/24 dev load0"))?;
        ip("link set lo up")?;
        // Without IPv6, whose addresses may not be used for a moment.
        ip("link set load0 addrgenmode none")?;
        ip("link set load0 up")?;
        ensure!(
            steer("load0", client_cores).status()?.success(),
            "{STEER_NEEDS} {client_cores:?}"
        );
        for step in [
            "link set lo up".to_owned(),
            "link set load1 addrgenmode none".to_owned(),
            format!("address add {SERVER}/24 dev load1"),
            "link set load1 up".to_owned(),
        ] {
            let mut command = Command::new("ip");
            command.args(step.split(' '));
            ensure!(network.spawn(command)?.wait()?.success(), "ip {step} failed");
        }
        ensure!(
            network.spawn(steer("load1", server_cores))?.wait()?.success(),
            "{STEER_NEEDS} {server_cores:?}"
        );
        Ok(network)
    }

    fn start(
        clients: Ipv4Addr,
        server: Ipv4Addr,
        cores: &[usize],
        own: Option<Sender<io::Result<libc::pid_t>>>,
    ) -> Result<Self> {
        let (spawner, orders) = mpsc::sync_channel::<Spawn>(1);
        let cores = cores.to_vec();
        std::thread::Builder::new().name("servers".to_owned()).spawn(move || {
            if let Some(told) = own {
                // Who started us may have given up.
                let _ = told.send(sys::own_network().map(|()| sys::thread_id()));
            }
            let pinned = if cores.is_empty() { Ok(()) } else { sys::pin(&cores) };
            for (mut command, answer) in orders {
                let spawned = match &pinned {
                    Ok(()) => command.spawn(),
                    Err(error) => Err(io::Error::new(
                        error.kind(),
                        format!("cannot run on {cores:?}: {error}"),
                    )),
                };
                let _ = answer.send(spawned);
            }
        })?;
        Ok(Self {
            clients: clients.into(),
            server: server.into(),
            spawner,
        })
    }

    #[must_use]
    pub fn clients_ip(&self) -> IpAddr {
        self.clients
    }

    #[must_use]
    pub fn server_ip(&self) -> IpAddr {
        self.server
    }

    /// Starts a process on the server's side and cores.
    ///
    /// # Errors
    /// When it does not start.
    pub fn spawn(&self, command: Command) -> Result<Child> {
        let (sender, receiver) = mpsc::channel();
        let what = format!("start {}", command.get_program().display());
        self.spawner
            .send((command, sender))
            .ok()
            .context("the servers' thread is gone")?;
        receiver.recv().context("the servers' thread is gone")?.context(what)
    }
}

/// Leaves the kernel's receive work of one end to a thread on the cores of who stands there, as a machine of its own
/// would do it: else the sender's core would do the receiver's work, or interrupt the other core for every packet. The
/// thread looks on for a while after the last packet, as a network card's interrupts are held back under load.
fn steer(device: &str, cores: &[usize]) -> Command {
    let list: Vec<String> = cores.iter().map(ToString::to_string).collect();
    let class = format!("/sys/class/net/{device}");
    let mut command = Command::new("unshare");
    // The namespace's own devices show in a fresh sysfs only, which is mounted where nobody else sees it.
    command.args(["-m", "sh", "-ec"]).arg(format!(
        "mount -t sysfs none /sys; ethtool -K {device} gro on; echo 200 > {class}/napi_defer_hard_irqs; \
         echo 50000 > {class}/gro_flush_timeout; echo 1 > {class}/threaded; \
         for thread in $(pgrep napi/{device}-); do taskset -pc {} $thread > /dev/null; done",
        list.join(",")
    ));
    command
}

fn ip(step: &str) -> Result<()> {
    let status = Command::new("ip")
        .args(step.split(' '))
        .status()
        .context("run the ip tool")?;
    ensure!(status.success(), "ip {step} failed");
    Ok(())
}

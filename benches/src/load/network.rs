//! Where server and clients stand: on loopback, or in two network namespaces joined by a wire or a veth pair, so that all
//! servers pay for the same path.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender, SyncSender};

use anyhow::{Context as _, Result, ensure};

use super::machine;
use super::wire::Wire;

/// The devices of the clients and of the server.
const DEVICES: [&str; 2] = ["load0", "load1"];
/// Packets that a device holds until the wire takes them: no server waits for it or loses by it.
const QUEUE: usize = 20_000;

/// Addresses of the pair; both namespaces are ours alone.
const CLIENTS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);

/// Said before the cores.
const STEER_NEEDS: &str = "receiving cannot be kept apart (it takes the programs ethtool, pgrep and taskset) on cores";

/// Socket buffers: a tenth of a second of a busy client.
const SOCKET_BUFFER_BYTES: usize = 1 << 20;

type Spawn = (Command, Sender<io::Result<Child>>);

/// The set-up. Servers are started by a thread that stands where they shall run, which they inherit.
pub struct Network {
    clients: IpAddr,
    server: IpAddr,
    spawner: SyncSender<Spawn>,
    /// A thread in each namespace, which tells what its device dropped; none on loopback.
    stands: Vec<(i32, &'static str)>,
    _wire: Option<Wire>,
}

/// What the thread that starts servers tells of the namespace it took.
struct Namespace {
    thread: i32,
    /// Its end of the wire, if there is to be one.
    device: Option<File>,
}

/// What stands between two namespaces.
#[derive(Debug, Clone, Copy)]
enum Between {
    Veth,
    Wire { segments: bool },
}

impl Network {
    /// Everything on 127.0.0.1.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn loopback(server_cores: &[usize]) -> Result<Self> {
        Self::start(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, server_cores, None)
    }

    /// A namespace for the server beside the one this process has taken for itself by [`sfu_syscalls::unshare_network`], and a veth
    /// pair between them. The kernel does much of the receivers' work in the sender's name then.
    ///
    /// # Errors
    /// Without the privilege, or without the `ip` tool.
    pub fn veth(server_cores: &[usize], client_cores: &[usize]) -> Result<Self> {
        let (sender, namespace) = mpsc::channel();
        let mut network = Self::start(CLIENTS, SERVER, server_cores, Some((sender, Between::Veth)))?;
        let namespace = namespace.recv().context("the server's namespace was refused")??;
        let [near, far] = DEVICES;
        network.stands = vec![(sfu_syscalls::thread_id(), near), (namespace.thread, far)];
        ip(&format!(
            "link add {near} type veth peer name {far} netns {}",
            namespace.thread
        ))?;
        network.address(&[])?;
        ensure!(
            steer(near, client_cores).status()?.success(),
            "{STEER_NEEDS} {client_cores:?}"
        );
        ensure!(
            network.spawn(steer(far, server_cores))?.wait()?.success(),
            "{STEER_NEEDS} {server_cores:?}"
        );
        Ok(network)
    }

    /// The same with a wire of this process between two devices: the server pays for handing a packet to its device and
    /// for nothing behind it. With `segments` the device cuts runs of datagrams, as many cards do; else the kernel does
    /// in the sender's name.
    ///
    /// # Errors
    /// Without the privilege, without `/dev/net/tun`, or without the `ip` tool.
    pub fn wire(server_cores: &[usize], client_cores: &[usize], segments: bool) -> Result<Self> {
        let (sender, namespace) = mpsc::channel();
        let between = Between::Wire { segments };
        let mut network = Self::start(CLIENTS, SERVER, server_cores, Some((sender, between)))?;
        let namespace = namespace.recv().context("the server's namespace was refused")??;
        let near = sfu_syscalls::open_tun(DEVICES[0], segments).context("make the clients' device")?;
        let far = namespace.device.context("the server's thread made no device")?;
        network.address(&[format!("txqueuelen {QUEUE}")])?;
        network.stands = vec![(sfu_syscalls::thread_id(), DEVICES[0]), (namespace.thread, DEVICES[1])];
        network._wire = Some(Wire::start(near, far, client_cores)?);
        Ok(network)
    }

    /// Gives both devices their addresses and switches them on.
    fn address(&self, settings: &[String]) -> Result<()> {
        for (device, address, far) in [(DEVICES[0], CLIENTS, false), (DEVICES[1], SERVER, true)] {
            let mut steps = vec!["link set lo up".to_owned()];
            // Without IPv6, whose addresses may not be used for a moment.
            steps.push(format!("link set {device} addrgenmode none"));
            steps.push(format!("address add {address}/24 dev {device}"));
            steps.extend(settings.iter().map(|setting| format!("link set {device} {setting}")));
            steps.push(format!("link set {device} up"));
            for step in steps {
                if far {
                    let mut command = Command::new("ip");
                    command.args(step.split(' '));
                    ensure!(self.spawn(command)?.wait()?.success(), "ip {step} failed");
                } else {
                    ip(&step)?;
                }
            }
        }
        Ok(())
    }

    fn start(
        clients: Ipv4Addr,
        server: Ipv4Addr,
        cores: &[usize],
        own: Option<(Sender<io::Result<Namespace>>, Between)>,
    ) -> Result<Self> {
        let (spawner, orders) = mpsc::sync_channel::<Spawn>(1);
        let cores = cores.to_vec();
        std::thread::Builder::new().name("servers".to_owned()).spawn(move || {
            if let Some((sender, between)) = own {
                // Who started us may have given up.
                let _ = sender.send(take_namespace(between));
            }
            let pinned = if cores.is_empty() {
                Ok(())
            } else {
                sfu_syscalls::pin_thread(&cores)
            };
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
            stands: Vec::new(),
            _wire: None,
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

    /// Packets that the path itself dropped so far, on their way out of either device.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(crate) fn dropped(&self) -> Result<u64> {
        let dropped = self
            .stands
            .iter()
            .map(|(thread, device)| machine::sending_dropped(*thread, device));
        dropped.sum()
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

/// A non-blocking socket on a free port of `local` with large buffers and receive times.
///
/// # Errors
/// When it cannot be bound.
pub(crate) fn open_socket(local: IpAddr) -> io::Result<UdpSocket> {
    let socket = sfu_syscalls::bind(SocketAddr::new(local, 0))?;
    sfu_syscalls::enable_receive_times(&socket)?;
    // Smaller ones than asked for do too.
    sfu_syscalls::enlarge_buffers(&socket, SOCKET_BUFFER_BYTES);
    Ok(socket)
}

/// Takes a namespace for the calling thread, with a device in it if there is to be a wire.
fn take_namespace(between: Between) -> io::Result<Namespace> {
    sfu_syscalls::unshare_network()?;
    let device = match between {
        Between::Veth => None,
        Between::Wire { segments } => Some(sfu_syscalls::open_tun(DEVICES[1], segments)?),
    };
    Ok(Namespace {
        thread: sfu_syscalls::thread_id(),
        device,
    })
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

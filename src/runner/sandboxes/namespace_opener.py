"""Opens namespaces for sandboxes, and sockets in them, on request of namespace-opener.ts; connects to their workers.

Python's start would cost more than everything else, so one process serves all sandboxes of a runner. Each request is
handled by a child process under the user of the sandbox. Requests, answers and sockets pass through the IPC channel of
Node at descriptor 3: JSON in lines; a socket comes with the line that announces it. This process ends with the channel.
"""

import ctypes
import errno
import fcntl
import gc
import json
import os
import signal
import socket
import struct

CHANNEL = 3
LIBC = ctypes.CDLL(None, use_errno=True)

# linux/sched.h, linux/prctl.h, linux/mount.h
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
PR_SET_DUMPABLE = 4
MS_NOSUID, MS_NODEV, MS_REC, MS_SLAVE = 0x2, 0x4, 0x4000, 0x80000

# linux/nsfs.h: the user namespace that owns a namespace
NS_GET_USERNS = 0xB701

# linux/netlink.h, linux/rtnetlink.h, linux/if_link.h
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
NLMSG_ERROR, RTM_NEWLINK, RTM_GETLINK, RTM_SETLINK, RTM_NEWADDR, RTM_NEWROUTE = 2, 16, 18, 19, 20, 24
IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_AF_SPEC, IFLA_NET_NS_FD = 3, 4, 18, 26, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE = 8, b"\1"
IFA_ADDRESS, IFA_LOCAL, IFA_F_NODAD = 1, 2, 0x02
RTA_OIF, RTA_GATEWAY, RT_TABLE_MAIN, RTPROT_BOOT = 4, 5, 254, 3
RT_SCOPE_UNIVERSE, RT_SCOPE_HOST, RTN_UNICAST, RTN_LOCAL = 0, 254, 1, 2
IFF_UP = 1
LOOPBACK = 1

# Close to the maximum size of a packet, for fewer packets.
PACKET_BYTES = 65520
IPV6_PREFIX_LENGTH = 126
NAME_PORT = 53
BACKLOG = 511
CONNECT_SECONDS = 15


class Failure(Exception):
    """Says which step failed, and the system's reason."""


def attempt(step, call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        raise Failure(f"{step}: {error.strerror or error}") from error


def system_call(call, *arguments):
    if call(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def unshare(flags):
    try:
        system_call(LIBC.unshare, flags)
    except OSError as error:
        limited = "a limit in /proc/sys/user/max_*_namespaces is reached"
        reason = limited if error.errno == errno.ENOSPC else error.strerror
        raise Failure(f"Creating new namespace failed: {reason}") from error


def write(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def set_parameter(name, value):
    """Sets a kernel parameter of the current network namespace; the network works without it."""
    try:
        write(f"/proc/sys/net/{name}", value)
    except OSError:
        pass


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def attribute(kind, value):
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def number(value):
    return struct.pack("=I", value)


def link_header(index=0, flags=0):
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


class Netlink:
    """Configures the network namespace in which it was created, even after the process entered another."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)

    def request(self, step, kind, flags, body):
        """Sends one request and returns its first answer, without the header, if it is not just an acknowledgment."""
        length = 16 + len(body)
        header = struct.pack("=IHHII", length, kind, NLM_F_REQUEST | NLM_F_ACK | flags, 0, 0)
        attempt(step, self.socket.send, header + body)
        answer = None
        while True:
            received = attempt(step, self.socket.recv, 65536)
            offset = 0
            while offset < len(received):
                size, answered = struct.unpack_from("=IH", received, offset)
                if answered != NLMSG_ERROR:
                    answer = answer or received[offset + 16 : offset + size]
                else:
                    code = -struct.unpack_from("=i", received, offset + 16)[0]
                    if code != 0:
                        raise Failure(f"{step}: {os.strerror(code)}")
                    return answer
                offset += (size + 3) & ~3

    def index_of(self, name):
        """Also makes the kernel activate the link now instead of later: it loses packets until then."""
        found = self.request(f"find {name}", RTM_GETLINK, 0, link_header() + attribute(IFLA_IFNAME, name.encode() + b"\0"))
        return struct.unpack_from("=i", found, 4)[0]

    def enable(self, index):
        self.request("enable a link", RTM_SETLINK, 0, link_header(index, IFF_UP))

    def add_pair(self, near, far, far_namespace):
        """Creates two connected links: one here, one in the other namespace."""

        def link(name):
            return attribute(IFLA_IFNAME, name.encode() + b"\0") + attribute(IFLA_MTU, number(PACKET_BYTES))

        peer = link_header() + link(far) + attribute(IFLA_NET_NS_FD, number(far_namespace))
        data = attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, peer))
        info = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"veth") + data)
        body = link_header() + link(near) + info
        self.request("create a veth pair", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)

    def add_addresses(self, index, local, peer, local_ipv6):
        body = struct.pack("=BBBBI", socket.AF_INET, 32, 0, RT_SCOPE_UNIVERSE, index)
        body += attribute(IFA_LOCAL, packed(local)) + attribute(IFA_ADDRESS, packed(peer))
        self.request("add an address", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body)
        if local_ipv6 is None:
            return
        generation = attribute(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)
        body = link_header(index) + attribute(IFLA_AF_SPEC, attribute(socket.AF_INET6, generation))
        self.request("disable link-local addresses", RTM_SETLINK, 0, body)
        body = struct.pack("=BBBBI", socket.AF_INET6, IPV6_PREFIX_LENGTH, IFA_F_NODAD, RT_SCOPE_UNIVERSE, index)
        body += attribute(IFA_ADDRESS, packed(local_ipv6))
        self.request("add an IPv6 address", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body)

    def add_default_route(self, index, family, gateway=None):
        """Without a gateway, every address becomes local."""
        scope, kind = (RT_SCOPE_HOST, RTN_LOCAL) if gateway is None else (RT_SCOPE_UNIVERSE, RTN_UNICAST)
        body = struct.pack("=BBBBBBBBI", family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, kind, 0)
        if gateway is not None:
            body += attribute(RTA_GATEWAY, packed(gateway))
        body += attribute(RTA_OIF, number(index))
        self.request("add a route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body)


def listener(port, address):
    """Node listens on it again when it receives it, but could not report that the port is in use."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    attempt(f"listen on port {port}", made.bind, (address, port))
    attempt(f"listen on port {port}", made.listen, BACKLOG)
    return made


class Opening:
    """Answers one request."""

    def __init__(self, channel, request):
        self.channel = channel
        self.request = request

    def send(self, message):
        self.channel.sendall(json.dumps({"request": self.request["id"], **message}).encode() + b"\n")

    def hand_over(self, made, kind, message, **more):
        """Passes a socket as Node's child_process does, and closes this process's copy."""
        body = {"cmd": "NODE_HANDLE", "type": kind, "msg": {"request": self.request["id"], **message}, **more}
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("=i", made.fileno()))]
        self.channel.sendmsg([json.dumps(body).encode() + b"\n"], rights)
        made.close()

    def run(self):
        if "connect" in self.request:
            self.connect(**self.request["connect"])
            return
        self.enter_user_namespace()
        if "tmp" in self.request:
            self.mount_tmp(**self.request["tmp"])
        if "network" in self.request:
            self.open_network(**self.request["network"])
        else:
            unshare(CLONE_NEWNET)
            Netlink().enable(LOOPBACK)
        for port in self.request["ports"]:
            address = "0.0.0.0" if port == self.request.get("wildcardPort") else "127.0.0.1"
            self.hand_over(listener(port, address), "net.Server", {"port": port})
        self.send({"process": os.getpid()})

    def connect(self, process, host, port):
        """Connects to a port of a sandbox, with the rights of its owner. `process` is the id of a process in it."""
        network = attempt("open the network", os.open, f"/proc/{process}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        user = attempt("find the owner of the network", fcntl.ioctl, network, NS_GET_USERNS)
        self.become_owner()
        attempt("enter the sandbox", system_call, LIBC.setns, user, CLONE_NEWUSER)
        attempt("enter the network", system_call, LIBC.setns, network, CLONE_NEWNET)
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        made.settimeout(CONNECT_SECONDS)
        attempt(f"connect to port {port}", made.connect, (host, port))
        self.hand_over(made, "net.Socket", {"connected": True})

    def become_owner(self):
        if "owner" not in self.request:
            return
        user, group = self.request["owner"]
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        # Otherwise its files in /proc would still belong to root.
        system_call(LIBC.prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)

    def enter_user_namespace(self):
        user, group = self.request.get("owner", (os.getuid(), os.getgid()))
        self.become_owner()
        flags = CLONE_NEWUSER | (CLONE_NEWNS if "tmp" in self.request else 0)
        unshare(flags)
        attempt("setgroups", write, "/proc/self/setgroups", "deny")
        attempt("uid_map", write, "/proc/self/uid_map", f"{user} {user} 1")
        attempt("gid_map", write, "/proc/self/gid_map", f"{group} {group} 1")

    def mount_tmp(self, folder, size):
        attempt("mount", system_call, LIBC.mount, b"none", b"/", None, MS_REC | MS_SLAVE, None)
        options = f"mode=1777,size={size}".encode()
        target = folder.encode()
        attempt("mount /tmp", system_call, LIBC.mount, b"tmpfs", target, b"tmpfs", MS_NOSUID | MS_NODEV, options)

    def open_network(self, ports, near, far, ipv6):
        """Two namespaces: the far one, in which every address is local, and the near one, for the sandbox.

        `near` and `far` are the addresses of both ends: IPv4 and IPv6.
        """
        unshare(CLONE_NEWNET)
        # Answer every datagram to a closed port with an error, instead of only a few per second.
        set_parameter("ipv4/icmp_ratelimit", "0")
        if ipv6:
            set_parameter("ipv6/icmp/ratelimit", "0")
        far_namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        far_link = Netlink()
        far_link.enable(LOOPBACK)
        # A socket stays in the namespace in which it was created.
        listeners = [(port, listener(port, "::" if ipv6 else "0.0.0.0")) for port in ports]
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        unshare(CLONE_NEWNET)
        near_link = Netlink()
        near_link.enable(LOOPBACK)
        near_link.add_pair("near", "far", far_namespace)
        far_index, near_index = far_link.index_of("far"), near_link.index_of("near")
        far_link.add_addresses(far_index, far[0], near[0], far[1] if ipv6 else None)
        near_link.add_addresses(near_index, near[0], far[0], near[1] if ipv6 else None)
        far_link.enable(far_index)
        near_link.enable(near_index)
        families = [socket.AF_INET, socket.AF_INET6] if ipv6 else [socket.AF_INET]
        for family, gateway in zip(families, far):
            far_link.add_default_route(LOOPBACK, family)
            near_link.add_default_route(near_index, family, gateway)
        near_link.index_of("near")
        far_link.index_of("far")
        # As in containers, the worker may listen on any port.
        set_parameter("ipv4/ip_unprivileged_port_start", "0")
        attempt("listen for DNS queries", names.bind, (far[0], NAME_PORT))
        self.hand_over(names, "dgram.Socket", {"names": True}, dgramType="udp4")
        for port, made in listeners:
            self.hand_over(made, "net.Server", {"networkPort": port})


def serve_request(channel, request, end):
    """Runs in a child process. It stays until `end` is closed, so that the namespaces can be entered by its id."""
    try:
        opening = Opening(channel, request)
        try:
            opening.run()
        except Exception as error:
            opening.send({"error": str(error) or repr(error)})
        os.read(end, 1)
    finally:
        os._exit(0)


def serve(channel):
    # By request, a pipe whose end the child waits for.
    ends = {}
    received = b""
    while True:
        part = channel.recv(65536)
        if not part:
            return
        *lines, received = (received + part).split(b"\n")
        for message in map(json.loads, lines):
            if "leave" in message:
                os.close(ends.pop(message["leave"]))
            elif "id" in message:
                waiting, end = os.pipe()
                if os.fork() == 0:
                    for other in [end, *ends.values()]:
                        os.close(other)
                    serve_request(channel, message, waiting)
                os.close(waiting)
                ends[message["id"]] = end
            # Other messages are Node's acknowledgments of sockets.


def main():
    # The kernel removes children that have exited.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    channel = socket.socket(fileno=CHANNEL)
    # A collection in a child would copy all memory that it shares.
    gc.disable()
    gc.freeze()
    try:
        serve(channel)
    except ConnectionError:
        # The runner has ended.
        pass


main()

"""Sends a tone and a test picture by WHIP and receives by WHEP with GStreamer; prints what was decoded as JSON."""

import hashlib
import json
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

VIDEO = "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96"
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,encoding-params=(string)2"
SENDER = f"""
    webrtcbin name=peer bundle-policy=max-bundle
    videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=15/1 ! videoconvert
        ! vp8enc deadline=1 target-bitrate=500000 keyframe-max-dist=1000
        ! rtpvp8pay picture-id-mode=15-bit ! {VIDEO} ! peer.
    audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay ! {AUDIO} ! peer.
"""


def certificate():
    """
    A certificate of P-256 with its key, and its fingerprint. WebRTC requires no other kind (RFC 8827 6.5), and Booka takes
    none, but GStreamer makes its own of RSA.
    """
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=GStreamer", "-keyout", "-", "-out", "-"]
    pem = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])
    return pem, ":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest())


PEM, FINGERPRINT = certificate()


def with_own_certificate(pipeline):
    def added(_, __, element):
        factory = element.get_factory()
        if factory is not None and factory.get_name() == "dtlsdec":
            element.set_property("pem", PEM)

    pipeline.connect("deep-element-added", added)


def ask(peer, signal, *arguments):
    """Waits for what a signal promises; what a reply holds lives as long as both are kept."""
    promise = Gst.Promise.new()
    peer.emit(signal, *arguments, promise)
    promise.wait()
    return promise


def ready(peer):
    """What is awaited before an offer is made: until then webrtcbin does not know all its streams."""
    needed = threading.Event()
    peer.connect("on-negotiation-needed", lambda _: needed.set())
    return needed


def negotiate(peer, needed, url, ticket):
    if not needed.wait(10):
        raise SystemExit(f"{url}: there is nothing to offer")
    promise = ask(peer, "create-offer", None)
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    ask(peer, "set-local-description", offer)
    # Of a certificate that was set, webrtcbin hashes the key too.
    text = re.sub("(?m)^a=fingerprint:.*?$", f"a=fingerprint:sha-256 {FINGERPRINT}\r", offer.sdp.as_text())
    headers = {"Authorization": f"Bearer {ticket}", "Content-Type": "application/sdp"}
    request = urllib.request.Request(url, text.encode(), headers)
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    _, message = GstSdp.SDPMessage.new_from_text(text)
    answered = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    ask(peer, "set-remote-description", answered)


def sender(url, ticket):
    pipeline = Gst.parse_launch(SENDER)
    with_own_certificate(pipeline)
    peer = pipeline.get_by_name("peer")
    needed = ready(peer)
    for place in range(2):
        peer.emit("get-transceiver", place).set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
    pipeline.set_state(Gst.State.PLAYING)
    negotiate(peer, needed, url, ticket)
    return pipeline


def receiver(url, ticket, seen):
    pipeline = Gst.Pipeline()
    with_own_certificate(pipeline)
    peer = Gst.ElementFactory.make("webrtcbin")
    peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(peer)
    needed = ready(peer)
    for caps in (AUDIO, VIDEO):
        peer.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))

    def decoded(_, pad):
        caps = pad.get_current_caps().get_structure(0)
        name = "video" if caps.get_name().startswith("video") else "audio"
        if name == "video":
            seen["size"] = [caps.get_int("width")[1], caps.get_int("height")[1]]

        def count(*_):
            seen[name].append(time.monotonic())

        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("signal-handoffs", True)
        sink.connect("handoff", count)
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def arrived(_, pad):
        if pad.get_direction() == Gst.PadDirection.SRC:
            decoder = Gst.ElementFactory.make("decodebin")
            decoder.connect("pad-added", decoded)
            pipeline.add(decoder)
            decoder.sync_state_with_parent()
            pad.link(decoder.get_static_pad("sink"))

    peer.connect("pad-added", arrived)
    pipeline.set_state(Gst.State.PLAYING)
    negotiate(peer, needed, url, ticket)
    return pipeline


def main(origin, ticket, publisher, seconds):
    Gst.init(None)
    seen = {"video": [], "audio": [], "size": None}
    pipelines = [sender(f"{origin}/whip", ticket), receiver(f"{origin}/whep?publisher={publisher}", ticket, seen)]
    loop = GLib.MainLoop()
    GLib.timeout_add_seconds(seconds, loop.quit)
    loop.run()
    end = time.monotonic()
    for pipeline in pipelines:
        pipeline.set_state(Gst.State.NULL)
    # Of each kind how many came after the first, and in how many seconds.
    for kind in ("video", "audio"):
        times = seen[kind]
        seen[kind] = [max(len(times) - 1, 0), end - times[0] if times else 0]
    print(json.dumps(seen))


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

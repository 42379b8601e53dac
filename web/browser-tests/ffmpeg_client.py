"""Sends a moving picture and a tone by WHIP with FFmpeg's own muxer, which waits for the server's handshake."""

import fractions
import math
import struct
import subprocess
import sys
import tempfile
import time

import av

WIDTH, HEIGHT, FRAMES_PER_SECOND = 640, 360, 15
RATE, SAMPLES = 48_000, 960


def picture(number):
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    luma, *chroma = frame.planes
    row = bytes((column + 4 * number) & 0xFF for column in range(luma.line_size))
    luma.update(row * HEIGHT)
    for plane in chroma:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts, frame.time_base = number, fractions.Fraction(1, FRAMES_PER_SECOND)
    return frame


def tone(number):
    """20 ms of a tone on the left and silence on the right."""
    frame = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
    first = number * SAMPLES
    left = [round(8_000 * math.sin(2 * math.pi * 440 * (first + place) / RATE)) for place in range(SAMPLES)]
    data = b"".join(struct.pack("<hh", value, 0) for value in left)
    frame.planes[0].update(data.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate, frame.pts, frame.time_base = RATE, first, fractions.Fraction(1, RATE)
    return frame


def certificate(folder):
    """Files with a certificate of P-256 and its key: FFmpeg with GnuTLS makes one of P-224 by itself, which nobody has to take."""
    files = {"cert_file": f"{folder}/certificate.pem", "key_file": f"{folder}/key.pem"}
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=FFmpeg", "-keyout", files["key_file"], "-out", files["cert_file"]]
    subprocess.run(command, check=True, capture_output=True)
    return files


def main(origin, ticket, seconds):
    with tempfile.TemporaryDirectory() as folder:
        send(f"{origin}/whip", {"authorization": ticket, **certificate(folder)}, seconds)


def send(url, options, seconds):
    with av.open(url, "w", format="whip", options=options) as out:
        video = out.add_stream("libx264", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": "30"}
        audio = out.add_stream("libopus", rate=RATE, layout="stereo")
        began = time.monotonic()
        pictures = tones = 0
        while (passed := time.monotonic() - began) < seconds:
            while pictures < passed * FRAMES_PER_SECOND:
                out.mux(video.encode(picture(pictures)))
                pictures += 1
            while tones < passed * RATE / SAMPLES:
                out.mux(audio.encode(tone(tones)))
                tones += 1
            time.sleep(0.005)


main(sys.argv[1], sys.argv[2], float(sys.argv[3]))

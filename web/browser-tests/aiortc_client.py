"""Sends a tone and a test picture by WHIP and receives by WHEP with aiortc; prints what came in as JSON."""

import asyncio
import json
import sys
import time

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack


async def begin(http, connection, url, ticket):
    await connection.setLocalDescription(await connection.createOffer())
    headers = {"Authorization": f"Bearer {ticket}", "Content-Type": "application/sdp"}
    async with http.post(url, data=connection.localDescription.sdp, headers=headers) as answer:
        text = await answer.text()
        if answer.status != 201:
            raise SystemExit(f"{url}: {answer.status} {text}")
    await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))


class Tally:
    """What came of one kind after the first frame."""

    def __init__(self):
        self.amount, self.since = 0, None

    def add(self, amount):
        if self.since is None:
            self.since = time.monotonic()
        else:
            self.amount += amount

    def report(self):
        """The amount, and in how many seconds until now."""
        return [self.amount, 0 if self.since is None else time.monotonic() - self.since]


async def hear(track, seen):
    while True:
        seen["audio"].add((await track.recv()).samples)


async def see(track, seen):
    while True:
        frame = await track.recv()
        seen["video"].add(1)
        seen["size"] = [frame.width, frame.height]


async def main(origin, ticket, publisher, seconds):
    sender, receiver = RTCPeerConnection(), RTCPeerConnection()
    for track in (AudioStreamTrack(), VideoStreamTrack()):
        sender.addTransceiver(track, direction="sendonly")
    for kind in ("audio", "video"):
        receiver.addTransceiver(kind, direction="recvonly")
    seen = {"video": Tally(), "audio": Tally(), "size": None}
    tasks = []

    @receiver.on("track")
    def received(track):
        tasks.append(asyncio.create_task((hear if track.kind == "audio" else see)(track, seen)))

    async with aiohttp.ClientSession() as http:
        await begin(http, sender, f"{origin}/whip", ticket)
        await begin(http, receiver, f"{origin}/whep?publisher={publisher}", ticket)
        await asyncio.sleep(seconds)
        report = {**seen, "video": seen["video"].report(), "audio": seen["audio"].report()}
        for task in tasks:
            task.cancel()
        await sender.close()
        await receiver.close()
    print(json.dumps(report))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))

"""Sends a tone and a test picture by WHIP and receives by WHEP with aiortc; prints what came in as JSON."""

import asyncio
import json
import sys

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


async def count(track, seen, name, amount):
    while True:
        seen[name] += amount(await track.recv())


async def main(origin, ticket, publisher, seconds):
    sender, receiver = RTCPeerConnection(), RTCPeerConnection()
    for track in (AudioStreamTrack(), VideoStreamTrack()):
        sender.addTransceiver(track, direction="sendonly")
    for kind in ("audio", "video"):
        receiver.addTransceiver(kind, direction="recvonly")
    seen = {"frames": 0, "samples": 0}
    tasks = []

    @receiver.on("track")
    def received(track):
        if track.kind == "audio":
            tasks.append(asyncio.create_task(count(track, seen, "samples", lambda frame: frame.samples)))
        else:
            tasks.append(asyncio.create_task(count(track, seen, "frames", lambda frame: 1)))

    async with aiohttp.ClientSession() as http:
        await begin(http, sender, f"{origin}/whip", ticket)
        await begin(http, receiver, f"{origin}/whep?publisher={publisher}", ticket)
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await sender.close()
        await receiver.close()
    print(json.dumps(seen))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))

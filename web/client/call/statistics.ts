// Judges the network by what two looks at the connection's statistics have in common.
import type { Network } from "./state";

/** Counters since the connection began, and the newest measurements. */
export interface Sample {
  packetsReceived: number;
  packetsLost: number;
  /** Share of our own packets that did not arrive, 0 to 1, as the server reports it. */
  outgoingLoss: number;
  /** Seconds. */
  roundTrip: number;
  freezes: number;
}

const WEAK = { loss: 0.04, roundTrip: 0.35 };
const BAD = { loss: 0.12, roundTrip: 0.8 };

type Row = Record<string, unknown> & { type?: string };

export function readSample(report: { forEach(look: (row: Row) => void): void }): Sample {
  const sample: Sample = { packetsReceived: 0, packetsLost: 0, outgoingLoss: 0, roundTrip: 0, freezes: 0 };
  report.forEach((row) => {
    if (row.type === "inbound-rtp") {
      sample.packetsReceived += number(row.packetsReceived);
      sample.packetsLost += number(row.packetsLost);
      sample.freezes += number(row.freezeCount);
    }
    if (row.type === "remote-inbound-rtp") sample.outgoingLoss = Math.max(sample.outgoingLoss, number(row.fractionLost));
    if (row.type === "candidate-pair" && row.nominated === true) {
      sample.roundTrip = Math.max(sample.roundTrip, number(row.currentRoundTripTime));
    }
  });
  return sample;
}

export function networkLevel(before: Sample, after: Sample): Network {
  const received = after.packetsReceived - before.packetsReceived;
  const lost = Math.max(0, after.packetsLost - before.packetsLost);
  const incomingLoss = received + lost > 0 ? lost / (received + lost) : 0;
  const loss = Math.max(incomingLoss, after.outgoingLoss);
  if (loss > BAD.loss || after.roundTrip > BAD.roundTrip) return "bad";
  if (loss > WEAK.loss || after.roundTrip > WEAK.roundTrip) return "weak";
  return "good";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

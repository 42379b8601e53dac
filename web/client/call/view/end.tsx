// Every way a call page stops, each with what it cost and the way on.
import type { ComponentChildren } from "preact";
import type { Clock, EndReason } from "../../generated/protocol";
import { duration, money, wallClock } from "../format";
import { cap } from "../meter";
import { type CallPage, isCall } from "../page";
import type { Refusal } from "../state";
import { mayReturn } from "../state/leaving";
import type { Translate } from "../text";
import { useCall } from "./context";

export function End() {
  const { state, page, t } = useCall();
  if (!isCall(page)) return null;
  const { phase, clock, info } = state.value;
  // Both may have gone on beyond the price that the page came with.
  const agreed = { ...page, price: info?.price ?? page.price };
  switch (phase.at) {
    case "ended":
      if (phase.reason === "dismissed") return <TurnedAway paused={phase.paused === true} page={page} />;
      return <Ended reason={phase.reason} clock={phase.clock ?? clock} mayReturn={mayReturn(phase)} page={agreed} />;
    case "taken_over":
      return (
        <EndFrame title={t("call-taken-title")} words={t("call-taken")}>
          <Rejoin label={t("call-taken-here")} filled />
        </EndFrame>
      );
    case "refused":
      return <Refused why={phase.why} page={page} />;
    case "check":
    case "connecting":
    case "lobby":
    case "call":
    case "reconnecting":
      return null;
  }
}

function EndFrame(props: { title: string; words: string; clock?: Clock | null; children: ComponentChildren }) {
  const { clock } = props;
  return (
    <section
      class="call-end"
      data-billable-ms={clock?.billable_ms}
      data-cost-minor={clock?.cost_minor}
      data-running={clock?.running}
    >
      <h1 tabIndex={-1} aria-describedby="call-end-words">
        {props.title}
      </h1>
      <p role="status" id="call-end-words">
        {props.words}
      </p>
      <div class="end-actions">{props.children}</div>
    </section>
  );
}

interface EndedProps {
  reason: EndReason;
  clock: Clock | null;
  mayReturn: boolean;
  page: CallPage;
}

function Ended({ reason, clock, mayReturn, page }: EndedProps) {
  const { t } = useCall();
  return (
    <EndFrame title={endTitle(reason, t)} words={endWords(reason, clock, page, t)} clock={clock}>
      <a class="call-button is-filled" href={page.after_url}>
        {t("call-after")}
      </a>
      {mayReturn ? <Rejoin label={t("call-rejoin")} /> : null}
    </EndFrame>
  );
}

/** May knock again after a while, or give the appointment up. */
function TurnedAway({ paused, page }: { paused: boolean; page: CallPage }) {
  const { t } = useCall();
  return (
    <EndFrame title={t("call-ended-dismissed")} words={t("call-ended-dismissed-way", { name: page.other_name })}>
      <Rejoin label={t(paused ? "call-knock-soon" : "call-knock-again")} filled disabled={paused} />
      {page.cancel_url === null ? null : (
        <a class="call-button is-outlined" href={page.cancel_url}>
          {t("call-lobby-cancel")}
        </a>
      )}
    </EndFrame>
  );
}

function endTitle(reason: EndReason, t: Translate): string {
  switch (reason) {
    case "left":
      return t("call-ended-left");
    case "left_for_good":
    case "ended_by_provider":
      return t("call-ended-title");
    case "settled":
      return t("call-ended-settled");
    case "signed_out":
      return t("call-refused-signed-out");
    case "handed_over":
      return t("call-ended-handed-over");
    case "window_ended":
      return t("call-ended-window");
    case "dismissed":
      return t("call-ended-dismissed");
    case "cancelled":
      return t("call-ended-cancelled");
  }
}

/** What it cost so far, and after a plain leaving till when the way back is open. */
function endWords(reason: EndReason, clock: Clock | null, page: CallPage, t: Translate): string {
  switch (reason) {
    case "left": {
      const back = t("call-ended-return", { time: wallClock(page.ends_at, page.time_zone) });
      if (clock === null || clock.billable_ms === 0) return back;
      return `${soFarWords(clock, page, t)} ${back}`;
    }
    case "signed_out":
      return t("call-refused-signed-out-way");
    case "handed_over":
      return t("call-ended-handed-over-way");
    case "dismissed":
      return t("call-ended-dismissed-way", { name: page.other_name });
    case "left_for_good":
    case "ended_by_provider":
    case "window_ended":
    case "cancelled":
    case "settled":
      return costWords(clock, page, t);
  }
}

/** Whoever may come back has not paid yet, and nothing is released. */
function soFarWords(clock: Clock, { price, locale }: CallPage, t: Translate): string {
  const time = duration(clock.billable_ms, locale);
  if (price.model === "free") return t("call-ended-free", { time });
  return t("call-ended-so-far", { time, cost: money(clock.cost_minor, price.currency, locale) });
}

function costWords(clock: Clock | null, page: CallPage, t: Translate): string {
  const { price, locale } = page;
  if (clock === null || clock.billable_ms === 0) return t("call-ended-nothing");
  const time = duration(clock.billable_ms, locale);
  if (price.model === "free") return t("call-ended-free", { time });
  const cost = money(clock.cost_minor, price.currency, locale);
  const rest = (cap(price) ?? clock.cost_minor) - clock.cost_minor;
  if (page.role === "provider" || rest <= 0) return t("call-ended-cost", { time, cost });
  return t("call-ended-cost-rest", { time, cost, rest: money(rest, price.currency, locale) });
}

function Refused({ why, page }: { why: Refusal; page: CallPage }) {
  const { t } = useCall();
  const opens = wallClock(page.opens_at, page.time_zone);
  const again = <Rejoin label={t("call-try-again")} filled />;
  const back = (
    <a class="call-button is-outlined" href={page.back_url ?? page.after_url}>
      {t("call-back")}
    </a>
  );
  switch (why) {
    case "signed_out":
      return (
        <EndFrame title={t("call-refused-signed-out")} words={t("call-refused-signed-out-way")}>
          {back}
        </EndFrame>
      );
    case "not_yours":
      return (
        <EndFrame title={t("call-refused-not-yours")} words={t("call-refused-not-yours-way")}>
          {back}
        </EndFrame>
      );
    case "not_open":
      return (
        <EndFrame title={t("call-refused-not-open", { time: opens })} words={t("call-refused-not-open-way")}>
          {again}
          {back}
        </EndFrame>
      );
    case "over":
      return (
        <EndFrame title={t("call-ended-title")} words={t("call-refused-over")}>
          <a class="call-button is-filled" href={page.after_url}>
            {t("call-after")}
          </a>
        </EndFrame>
      );
    case "unsupported":
      return (
        <EndFrame title={t("call-refused-unsupported")} words={t("call-refused-unsupported-way")}>
          {back}
        </EndFrame>
      );
  }
}

function Rejoin({ label, filled = false, disabled = false }: { label: string; filled?: boolean; disabled?: boolean }) {
  const { dispatch } = useCall();
  return (
    <button
      type="button"
      class={`call-button is-${filled ? "filled" : "outlined"}`}
      data-action="rejoin"
      aria-disabled={disabled}
      onClick={() => dispatch({ type: "rejoin_pressed" })}
    >
      {label}
    </button>
  );
}

// What the call is about, how long it has lasted, and what it costs so far.
import { elapsed, money } from "../format";
import { cap, discounted, meterState } from "../meter";
import { useCall } from "./context";
import { Icon } from "./icon";

export function TopBar() {
  const { state, media, page, t } = useCall();
  const { network } = state.value;
  const clock = media.shown.value;
  return (
    <header class="top-bar">
      <h1 class="top-title" tabIndex={-1}>
        <bdi>{"title" in page ? page.title : ""}</bdi>
      </h1>
      {clock === null ? null : (
        <p class="top-left num">{t("call-time-left", { time: elapsed(clock.remaining_ms) })}</p>
      )}
      <Meter />
      {network === "good" ? null : (
        <p class={`top-network is-${network}`}>
          <Icon name="network" size={16} />
          {t("call-network-weak")}
        </p>
      )}
    </header>
  );
}

export function Meter() {
  const { state, media, page, t } = useCall();
  const { info, phase } = state.value;
  const clock = media.shown.value;
  const price = info?.price ?? ("price" in page ? page.price : null);
  // A page that comes back does not know yet how the clock stands.
  if (price === null || (clock === null && phase.at === "reconnecting")) return null;
  const most = cap(price);
  const running = meterState(price, clock);
  const cost = money(clock?.cost_minor ?? 0, price.currency, page.locale);
  const words = () => {
    switch (price.model) {
      case "free":
        return t("call-meter-free");
      case "fixed":
        return t("call-meter-fixed", { amount: money(discounted(price, price.amount_minor), price.currency, page.locale) });
      case "per_minute":
        return t("call-meter-running", { cost, cap: money(discounted(price, price.cap_minor), price.currency, page.locale) });
    }
  };
  return (
    <div
      class={`cost-meter is-${running}`}
      data-billable-ms={clock?.billable_ms ?? 0}
      data-cost-minor={clock?.cost_minor ?? 0}
      data-running={clock?.running === true}
    >
      <p>
        <span class="num">{elapsed(clock?.billable_ms ?? 0)}</span> <span class="num">{words()}</span>
        {running === "paused" ? <span class="cost-state">{t("call-meter-paused")}</span> : null}
        {running === "at_cap" ? <span class="cost-state">{t("call-meter-cap")}</span> : null}
      </p>
      {most === null ? null : (
        <progress max={most} value={clock?.cost_minor ?? 0} aria-label={t("call-meter-label")} />
      )}
    </div>
  );
}

// The pictures: one large and the rest small, or all alike.
import { wallClock } from "../format";
import { isCall } from "../page";
import { hasLeft, mainTile, remoteTiles } from "../tiles";
import { useCall } from "./context";
import { OwnScreenTile, RemoteTile, SelfTile } from "./tile";

export function Stage() {
  const { state, page, t } = useCall();
  const tiles = remoteTiles(state.value);
  const main = mainTile(state.value, tiles);
  const grid = state.value.layout === "grid";
  const other = "other_name" in page ? page.other_name : "";
  /** Whoever is alone is told why, and till when the other may come back. */
  const alone = () => {
    if (state.value.phase.at === "reconnecting") return t("call-tile-lost");
    const gone = state.value.participants.filter((one) => one.seat !== state.value.seat && hasLeft(one));
    const last = gone.find((one) => one.role !== state.value.role);
    if (last === undefined || !isCall(page)) return t("call-stage-empty", { name: other });
    if (last.presence === "left_for_good") return t("call-stage-left-for-good", { name: last.name });
    return t("call-stage-left", { name: last.name, time: wallClock(page.ends_at, page.time_zone) });
  };
  return (
    <section class={`stage is-${grid ? "grid" : "speaker"}`} data-tiles={tiles.length} aria-label={t("call-stage")}>
      {tiles.length === 0 ? (
        <p class="stage-empty">
          <span>{alone()}</span>
        </p>
      ) : null}
      {tiles.map((tile) => (
        <RemoteTile key={tile.key} tile={tile} main={!grid && tile.key === main} />
      ))}
      <OwnScreenTile key="own-screen" />
      <SelfTile key="self" />
    </section>
  );
}

// The pictures: one large and the rest small, or all alike.
import { mainTile, remoteTiles } from "../tiles";
import { useCall } from "./context";
import { RemoteTile, SelfTile } from "./tile";

export function Stage() {
  const { state, page, t } = useCall();
  const tiles = remoteTiles(state.value);
  const main = mainTile(state.value, tiles);
  const grid = state.value.layout === "grid";
  const other = "other_name" in page ? page.other_name : "";
  return (
    <section class={`stage is-${grid ? "grid" : "speaker"}`} data-tiles={tiles.length} aria-label={t("call-stage")}>
      {tiles.length === 0 ? <p class="stage-empty">{t("call-stage-empty", { name: other })}</p> : null}
      {tiles.map((tile) => (
        <RemoteTile key={tile.key} tile={tile} main={!grid && tile.key === main} />
      ))}
      <SelfTile key="self" />
    </section>
  );
}

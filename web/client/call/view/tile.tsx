// One person's picture, or their initials, with name and state on it.
import { avatarClass, initials } from "../format";
import type { Quality } from "../../generated/protocol";
import { qualityOf, type Tile as TileData } from "../tiles";
import { useCall } from "./context";
import { TurnCameraControl } from "./control-bar";
import { Icon } from "./icon";
import { Picture } from "./media";

export function Avatar({ id, name, large = false }: { id: string; name: string; large?: boolean }) {
  return (
    <span class={`call-avatar ${avatarClass(id)}${large ? " is-large" : ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

const QUALITY_WORDS: Record<Quality, string> = {
  good: "call-quality-good",
  fair: "call-quality-fair",
  poor: "call-quality-poor",
};

export function RemoteTile({ tile, main = false }: { tile: TileData; main?: boolean }) {
  const { media, state: page, t } = useCall();
  const quality = tile.lost || tile.source === "screen" ? null : qualityOf(page.value, tile.seat);
  const track = tile.mid === null ? null : (media.remote.value.get(tile.mid) ?? null);
  const speaking = tile.voice !== null && media.speaking.value.has(tile.voice) && tile.microphoneOn && !tile.lost;
  const label = tile.source === "screen" ? t("call-tile-screen", { name: tile.name }) : tile.name;
  const withheld = tile.withheld && tile.pictureOn && !tile.lost;
  const words = [
    tile.lost ? t("call-tile-lost") : tile.microphoneOn ? "" : t("call-tile-muted"),
    withheld ? t("call-tile-withheld") : "",
    quality === null ? "" : t(QUALITY_WORDS[quality]),
  ];
  const state = words.filter((word) => word !== "").join(", ");
  const classes = ["tile", `is-${tile.source}`];
  if (main) classes.push("is-main");
  if (speaking) classes.push("is-speaking");
  if (tile.lost) classes.push("is-lost");
  return (
    <figure class={classes.join(" ")} data-seat={tile.seat} aria-label={state === "" ? label : `${label}, ${state}`}>
      <Picture track={track} seat={tile.seat} source={tile.source} label={label} hidden={!tile.pictureOn} mid={tile.mid} />
      {tile.pictureOn ? null : <Avatar id={tile.seat} name={tile.name} large />}
      {tile.lost ? <p class="tile-state">{t("call-tile-lost")}</p> : null}
      {withheld ? <p class="tile-state">{t("call-tile-withheld")}</p> : null}
      <figcaption class="tile-name">
        {tile.microphoneOn || tile.source === "screen" ? null : <Icon name="microphone-off" size={16} />}
        <bdi>{label}</bdi>
        <QualityMark quality={quality} />
      </figcaption>
    </figure>
  );
}

/** Nothing is said while all is well. */
function QualityMark({ quality }: { quality: Quality | null }) {
  const { t } = useCall();
  if (quality === null || quality === "good") return null;
  return (
    <span class="tile-quality" data-quality={quality}>
      <Icon name={quality === "poor" ? "network" : "network-fair"} size={16} />
      <span>{t(QUALITY_WORDS[quality])}</span>
    </span>
  );
}

/** What the person shares, small: the others' view of it. */
export function OwnScreenTile() {
  const { state, media, t } = useCall();
  const track = media.local.value.screen ?? null;
  if (track === null || !state.value.sharing) return null;
  const label = t("call-tile-own-screen");
  return (
    <figure class="tile is-screen is-own-screen" aria-label={label}>
      <Picture track={track} seat={state.value.seat ?? ""} source="screen" label={label} />
      <figcaption class="tile-name">
        <span>{label}</span>
      </figcaption>
    </figure>
  );
}

export function SelfTile() {
  const { state, media, page, t } = useCall();
  const { seat, devices, network } = state.value;
  const quality = seat === null ? null : qualityOf(state.value, seat);
  const on = devices.camera.at === "on";
  const name = "name" in page ? page.name : "";
  return (
    <figure class="tile is-self" aria-label={t("call-tile-you")}>
      <Picture
        track={media.local.value.camera ?? null}
        seat={seat ?? ""}
        source="camera"
        label={t("call-tile-you")}
        mirrored
        hidden={!on}
      />
      {on ? null : <Avatar id={seat ?? name} name={name} />}
      <figcaption class="tile-name">
        {devices.microphone.at === "on" ? null : <Icon name="microphone-off" size={16} />}
        {network === "good" || quality !== null ? null : <Icon name="network" size={16} />}
        <span>{t("call-tile-you")}</span>
        <QualityMark quality={quality} />
      </figcaption>
      <TurnCameraControl />
    </figure>
  );
}

// Icons of the call page, inlined from the one icon set.
import cameraOff from "@phosphor-icons/core/regular/video-camera-slash.svg";
import camera from "@phosphor-icons/core/regular/video-camera.svg";
import close from "@phosphor-icons/core/regular/x.svg";
import devices from "@phosphor-icons/core/regular/sliders-horizontal.svg";
import help from "@phosphor-icons/core/regular/question.svg";
import turn from "@phosphor-icons/core/regular/camera-rotate.svg";
import grid from "@phosphor-icons/core/regular/squares-four.svg";
import leave from "@phosphor-icons/core/regular/phone-disconnect.svg";
import microphoneOff from "@phosphor-icons/core/regular/microphone-slash.svg";
import microphone from "@phosphor-icons/core/regular/microphone.svg";
import screen from "@phosphor-icons/core/regular/monitor-arrow-up.svg";
import sound from "@phosphor-icons/core/regular/speaker-high.svg";
import speaker from "@phosphor-icons/core/regular/user-rectangle.svg";
import warning from "@phosphor-icons/core/regular/warning-circle.svg";
import network from "@phosphor-icons/core/regular/wifi-low.svg";
import networkFair from "@phosphor-icons/core/regular/wifi-medium.svg";
import good from "@phosphor-icons/core/regular/check-circle.svg";

const ICONS = {
  camera,
  "camera-off": cameraOff,
  close,
  devices,
  good,
  grid,
  help,
  leave,
  microphone,
  "microphone-off": microphoneOff,
  network,
  "network-fair": networkFair,
  screen,
  sound,
  speaker,
  turn,
  warning,
};

export type IconName = keyof typeof ICONS;

/** Always beside the words that say the same. */
export function Icon({ name, size = 20 }: { name: IconName; size?: 16 | 20 | 24 }) {
  return <span class={`ci ci-${size}`} aria-hidden="true" dangerouslySetInnerHTML={{ __html: ICONS[name] }} />;
}

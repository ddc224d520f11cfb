import type { Trouble } from "../trouble.ts";
import { type DeviceFacts, type DeviceState, losses, reopen } from "./device.ts";

/** Where WebGPU is, by system: what a browser without it is told. */
function browsersForThisSystem(): string {
  const agent = navigator.userAgent;
  if (/Android/.test(agent)) return "On Android, Chrome 121 and later have it.";
  if (/iPhone|iPad/.test(agent)) return "On iOS, Safari 26 and later have it, and every browser with it.";
  if (/Mac OS X/.test(agent)) return "On macOS, Chrome or Edge 113, Safari 26 and Firefox 145 and later have it.";
  if (/Windows/.test(agent)) return "On Windows, Chrome or Edge 113 and Firefox 141 and later have it.";
  if (/CrOS/.test(agent)) return "On ChromeOS, Chrome 113 and later have it.";
  return (
    "On Linux, Chrome 144 and later have it for Intel GPUs and 147 for NVIDIA's; others need the flag " +
    "chrome://flags/#enable-unsafe-webgpu."
  );
}

const again = { name: "Try again", run: () => reopen.value() };

/** What stands in the way of a device; nothing where there is one. */
export function deviceTroubles(state: DeviceState): readonly Trouble[] {
  if (state.kind === "lost") {
    const twice = losses.value > 1;
    return [
      {
        key: twice ? "lost-again" : "lost",
        level: "error",
        says: `The GPU was lost${twice ? " a second time" : ""}: ${state.detail.replace(/\.$/, "") || "the browser gives no reason"}. What was measured before stays.`,
        todo: twice
          ? "Choose shorter batches or fewer heads before you go on, and close other pages that use the GPU."
          : "This is the driver's doing as a rule: open the device again and go on.",
        action: { name: "Open the device again", run: () => reopen.value() },
        detail: state.detail,
      },
    ];
  }
  if (state.kind !== "missing") return [];
  const { missing, detail } = state;
  const level = "error";
  switch (missing) {
    case "insecure":
      return [
        {
          key: missing,
          level,
          says: `Nothing can be measured here: ${location.origin} is no secure context, and browsers give WebGPU to such pages only.`,
          todo: "Open the page by https, or from localhost; an address of your own network does not do.",
          action: again,
          detail,
        },
      ];
    case "no-webgpu":
      return [
        {
          key: missing,
          level,
          says: "Nothing can be measured here: this browser has no WebGPU.",
          todo: `${browsersForThisSystem()}`,
          action: again,
          detail,
        },
      ];
    case "no-adapter":
      if (losses.value > 0) {
        return [
          {
            key: missing,
            level,
            says: "The GPU was lost, and now the browser gives the page none: browsers keep it from pages that lose it often.",
            todo: "Wait some minutes and try again, or start the browser anew; the link keeps your set-up.",
            action: again,
            detail,
          },
        ];
      }
      return [
        {
          key: missing,
          level,
          says: "Nothing can be measured here: the browser has WebGPU but gives the page no GPU.",
          todo:
            "Look, in this order: is hardware acceleration on in the browser's settings; is the driver blocked (chrome://gpu, " +
            "about:support), then update it; on Linux, does the browser need --enable-unsafe-webgpu; is this a managed " +
            "browser or a virtual machine?",
          action: again,
          detail,
        },
      ];
    case "no-device":
      return [
        {
          key: missing,
          level,
          says: `The GPU is there, but gave no device: ${detail || "it does not say why"}.`,
          todo: "Close other pages that use the GPU, then try again.",
          action: again,
          detail,
        },
      ];
    case "no-worker":
      return [
        {
          key: missing,
          level,
          says: `The thread that measures could not be started: ${detail || "the browser gives no reason"}.`,
          todo: "Load the page again; if that changes nothing, an extension or a rule of the server forbids workers.",
          action: { name: "Load again", run: () => location.reload() },
          detail,
        },
      ];
  }
}

/** What touches the results of a device that is there: it computes wrongly, or it is the processor. */
export function adapterTroubles({ wrong, software }: DeviceFacts): readonly Trouble[] {
  const found: Trouble[] = [];
  if (wrong !== undefined) {
    found.push({
      key: "wrong-numbers",
      level: "error",
      says: `This browser computes attention wrongly: the known-answer test gave ${wrong.replace("✗ ", "")}.`,
      todo: "Update browser and driver. You may still run: every result is compared with float64, and a wrong one has no speed.",
      action: { name: "Test again", run: () => reopen.value() },
      detail: wrong,
    });
  }
  if (software) {
    found.push({
      key: "software",
      level: "warning",
      says: "This is a software adapter, not your GPU: its times say nothing about a GPU.",
      todo: "To measure the GPU, turn on hardware acceleration in the browser's settings.",
    });
  }
  return found;
}

import { clause } from "../trouble/sentence.ts";
import type { Trouble } from "../trouble/trouble.ts";
import { type DeviceFacts, type DeviceState, losses, reopen } from "./device.ts";
import type { Fault } from "./self-test.ts";

const inFirefox = () => /Firefox\//.test(navigator.userAgent);

/** Which browsers have WebGPU on this system. */
function browsersForThisSystem(): string {
  const agent = navigator.userAgent;
  if (/Android/.test(agent)) return "On Android, Chrome 121 and later have it.";
  if (/iPhone|iPad/.test(agent)) return "On iOS, Safari 26 and later have it, and every browser with it.";
  if (/CrOS/.test(agent)) return "On ChromeOS, Chrome 113 and later have it.";
  if (/Windows/.test(agent)) return "On Windows, Chrome or Edge 113 and Firefox 141 and later have it.";
  const preference = "set dom.webgpu.enabled to true in about:config, and load the page again";
  if (/Mac OS X/.test(agent)) {
    const firefox = `Firefox has it from 145 on Macs with Apple Silicon; elsewhere ${preference}.`;
    return `On macOS, Chrome or Edge 113 and Safari 26 and later have it. ${firefox}`;
  }
  const chrome =
    "On Linux, Chrome 144 and later have it for Intel GPUs and 147 for NVIDIA's; others need the flag " +
    "chrome://flags/#enable-unsafe-webgpu.";
  return inFirefox() ? `Firefox on Linux has it switched off: ${preference}. ${chrome}` : chrome;
}

/** What to check when the browser has WebGPU but gives no adapter. */
const whereToLook = () =>
  inFirefox()
    ? "is the driver blocked (about:support, under WebGPU), then update it, or set gfx.webgpu.ignore-blocklist to true in " +
      "about:config, which a software driver always needs"
    : "is the driver blocked (chrome://gpu), then update it; on Linux, does the browser need --enable-unsafe-webgpu";

const again = { name: "Try again", run: () => reopen.value() };

/** Why there is no device; undefined if there is one. */
export function deviceTroubles(state: DeviceState): readonly Trouble[] {
  if (state.kind === "lost") {
    const twice = losses.value > 1;
    return [
      {
        key: twice ? "lost-again" : "lost",
        level: "error",
        says: `The GPU was lost${twice ? " a second time" : ""}: ${clause(state.detail, "the browser gives no reason")}. Earlier results stay.`,
        todo: twice
          ? "Choose shorter batches or fewer heads, and close other pages that use the GPU."
          : "Drivers do this now and then: open the device again and go on.",
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
          says: `Nothing can run here: ${location.origin} is not a secure context, and browsers give WebGPU to no other pages.`,
          todo: "Open the page by https, or from localhost; a plain address in your network is not enough.",
          action: again,
          detail,
        },
      ];
    case "no-webgpu":
      return [
        {
          key: missing,
          level,
          says: "Nothing can run here: this browser has no WebGPU.",
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
            says: "The GPU was lost, and now the browser refuses it: browsers keep it from pages that lose it often.",
            todo: "Wait some minutes and try again, or restart the browser; the link keeps your set-up.",
            action: again,
            detail,
          },
        ];
      }
      return [
        {
          key: missing,
          level,
          says: "Nothing can run here: the browser has WebGPU but gives the page no GPU.",
          todo:
            `Check, in this order: is hardware acceleration on in the browser's settings; ${whereToLook()}; ` +
            "is this a managed browser or a virtual machine?",
          action: again,
          detail,
        },
      ];
    case "no-device":
      return [
        {
          key: missing,
          level,
          says: `There is a GPU, but it gave no device: ${clause(detail, "for no stated reason")}.`,
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
          says: `The thread that computes could not be started: ${clause(detail, "the browser gives no reason")}.`,
          todo: "Reload the page; if that changes nothing, an extension or a rule of the server forbids workers.",
          action: { name: "Reload", run: () => location.reload() },
          detail,
        },
      ];
  }
}

/** Reservations about a device's results: its known-answer test failed, or it is the processor. */
export function adapterTroubles({ fault, software }: DeviceFacts): readonly Trouble[] {
  const found: Trouble[] = [];
  if (fault) {
    const testAgain = { name: "Test again", run: () => reopen.value() };
    found.push({ ...faultTrouble(fault), level: "error", action: testAgain, detail: fault.detail });
  }
  if (software) {
    found.push({
      key: "software",
      level: "warning",
      folded: "The processor computes, not your GPU.",
      says: "This is a software adapter, not your GPU: its times say nothing about a GPU.",
      todo: "To use the GPU, turn on hardware acceleration in the browser's settings.",
    });
  }
  return found;
}

function faultTrouble({ kind, says }: Fault): Pick<Trouble, "key" | "says" | "todo"> {
  const mayRun = "You may still run: every result is compared with float64";
  switch (kind) {
    case "wrong":
      return {
        key: "wrong-numbers",
        says: `This browser computes attention wrongly: the known-answer test gave ${says}.`,
        todo: `Update browser and driver. ${mayRun}, and a wrong one has no speed.`,
      };
    case "not-compiled":
      return {
        key: "not-compiled",
        says: `The known-answer test does not compile: this browser's WGSL compiler says ${clause(says)}.`,
        todo: `Nothing was computed, so nothing is known about the browser's arithmetic. Update the browser, and send us the report. ${mayRun}, where its kernel compiles.`,
      };
    case "failed":
      return {
        key: "no-answer",
        says: `The known-answer test did not end: ${clause(says)}.`,
        todo: `Close other pages that use the GPU, then test again. ${mayRun}.`,
      };
  }
}

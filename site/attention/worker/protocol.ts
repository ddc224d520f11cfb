// Messages between the page and the measuring thread.
import type { BenchRow, Environment, Peaks } from "../../../bench/result.ts";
import type { LineProblem } from "../../shell/code/wgsl-editor.tsx";
import type { DeviceFacts, Missing } from "../../shell/device/device.ts";
import type { OwnFunction } from "../own/function.ts";
import type { Handmade, Setup } from "../setup/setup.ts";

/** Requests of the page. */
export type BenchRequest =
  | { readonly kind: "open"; readonly sim: string | undefined }
  | {
      readonly kind: "run";
      readonly sim: string | undefined;
      readonly setup: Setup;
      readonly made: Handmade;
      /** This device's peaks, if measured since the page was opened. */
      readonly peaks: Peaks | undefined;
    }
  | { readonly kind: "check"; readonly sim: string | undefined; readonly id: number; readonly own: OwnFunction }
  | { readonly kind: "hidden"; readonly hidden: boolean }
  | { readonly kind: "stop" };

/** Reports to the page. */
export type BenchReport =
  | { readonly kind: "opened"; readonly facts: DeviceFacts }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string }
  | { readonly kind: "lost"; readonly detail: string }
  | { readonly kind: "start"; readonly environment: Environment; readonly peaks: Peaks | null }
  | { readonly kind: "row"; readonly row: BenchRow }
  | { readonly kind: "progress"; readonly what: string; readonly done: number; readonly total: number }
  /** The next interval waits until the page is visible. */
  | { readonly kind: "waiting" }
  | { readonly kind: "checked"; readonly id: number; readonly problems: readonly LineProblem[] }
  | { readonly kind: "done" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly message: string };

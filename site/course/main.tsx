import { render } from "preact";
import { reopen } from "../shell/device/device.ts";
import { simulate } from "../shell/device/simulate.ts";
import { pageKeys } from "../shell/keys.ts";
import { followAddress } from "../shell/permalink.ts";
import { keepAddress, readAddress } from "./address.ts";
import { start, stop } from "./run/actions.ts";
import { Experiment } from "./run/panel.tsx";
import { id, phase, recorded } from "./state.ts";
import { client } from "./worker/client.ts";

pageKeys.value = [
  {
    keys: "Ctrl or ⌘ + Enter",
    does: "runs the experiment",
    matches: ({ key, ctrlKey, metaKey }) => key === "Enter" && (ctrlKey || metaKey),
    run: () => void start(),
  },
  {
    keys: "Esc",
    does: "stops it",
    matches: ({ key }) => key === "Escape" && phase.value === "running",
    run: stop,
  },
];

reopen.value = () => client.start();

readAddress();
keepAddress();
client.start();
simulate({});
recorded.value = (await import(`../../examples/14-course/recorded/${id}.json`).catch(() => undefined))?.default;
const place = document.querySelector("#experiment");
if (place) {
  place.replaceChildren();
  render(<Experiment />, place);
}
followAddress(readAddress);

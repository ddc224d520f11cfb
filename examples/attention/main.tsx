import { render } from "preact";
import { openDevice } from "../site/device.ts";
import { Page } from "./page.tsx";
import { followAddress } from "./state.ts";

followAddress();
render(<Page />, document.body);
void openDevice();

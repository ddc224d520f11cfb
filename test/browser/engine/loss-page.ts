// The page of device-loss.test.ts: an engine with one model, and a text that can be held up anywhere.
import { createEngine } from "../../../src/engine/create-engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { GenerateRequest } from "../../../src/engine/generate-request.ts";
import { type DestroyableDevices, destroyable } from "../../support/devices/destroyable.ts";

let engine: Engine | undefined;
let devices: DestroyableDevices | undefined;
const events: string[] = [];
let goOn: () => void = () => {};
let text: Promise<string> = Promise.resolve("");
let held = false;

export const lossTasks = {
  async load(model: string): Promise<string> {
    devices = await destroyable();
    engine = await createEngine({ cache: false });
    engine.onEvent(({ type }) => events.push(type));
    await engine.load(new URL(model, location.href).href, { id: "voices" });
    return (await engine.device()).info.label;
  },
  /** Begins a text, and holds it up after `pieces` pieces. */
  begin(request: GenerateRequest, pieces: number): void {
    held = false;
    const release = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const read = async () => {
      let whole = "";
      let count = 0;
      for await (const piece of engine?.generate(request) ?? []) {
        whole += piece.text;
        if (++count !== pieces) continue;
        held = true;
        await release;
      }
      return whole;
    };
    text = read();
    text.catch(() => undefined); // `finish` throws it
  },
  isHeld: (): boolean => held,
  destroy: (): void => devices?.destroy(),
  events: (): string[] => events.splice(0),
  seen: (event: string): boolean => events.includes(event),
  finish(): Promise<string> {
    goOn();
    return text;
  },
};

Object.assign(globalThis, { lossTasks });

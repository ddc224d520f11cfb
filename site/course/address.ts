import { problemOf } from "../../examples/14-course/experiment.ts";
import { addressKeys, addressOf, type LinkKeys, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { fields, section, standardFields } from "./state.ts";

/** Applies the settings in the page's address; reports unknown ones. */
export function readAddress(): void {
  const { keys, outdated } = addressKeys();
  const found = standardFields();
  const wrong: string[] = [];
  for (const [name, value] of keys) {
    const setting = (section.settings as Readonly<Record<string, Parameters<typeof problemOf>[0]>>)[name];
    if (setting && problemOf(setting, value) === undefined) found[name] = value;
    else if (name !== "sim") wrong.push(`${name}=${value}`);
  }
  fields.value = found;
  if (outdated) say("This link is from another version of the page; these are the standard settings.");
  else if (wrong.length > 0) say(`The link says ${wrong.join(", ")}, which this page does not have.`);
}

function linkKeys(): LinkKeys {
  const standard = standardFields();
  const different = Object.entries(fields.value).filter(([name, value]) => value !== standard[name]);
  return [...different, ...(sim === undefined ? [] : [["sim", sim] as const])];
}

/** A link to the page with these settings. */
export const linkNow = (): string => addressOf(linkKeys());

/** Keeps the address up to date with the settings. */
export const keepAddress = (): void =>
  writeAddress(
    () => fields.value,
    async () => linkKeys(),
  );

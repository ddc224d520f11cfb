// This engine in a separate Node process, which gets requests from its parent.
import { createEngine } from "shaderformer";
import { type Start, visit } from "../sample.ts";
import { engineSubject } from "./engine.ts";

/** A request of the parent; the first comes as an argument. */
type Request = Pick<Start, "prompt" | "tokens">;

const start = JSON.parse(process.argv[2] ?? "{}") as Start;
const gpu = start.adapter === undefined ? {} : { adapter: start.adapter };

try {
  const { subject, visit: visited } = await visit(
    () => engineSubject(createEngine({ gpu, endpoint: start.hub })),
    start,
  );
  process.send?.({ value: visited });
  process.on("message", async ({ prompt, tokens }: Request) => {
    try {
      process.send?.({ value: await subject.generate(prompt, tokens) });
    } catch (error) {
      process.send?.({ error: String(error) });
    }
  });
} catch (error) {
  process.send?.({ error: String(error) });
}

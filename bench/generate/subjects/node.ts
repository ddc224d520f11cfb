// This engine in a Node process of its own, which its parent sends requests.
import { createEngine } from "shaderformer";
import { type Start, visit } from "../sample.ts";
import { engineSubject } from "./engine.ts";

/** What the parent sends; the first comes as an argument. */
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

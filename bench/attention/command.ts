import type { AttentionCase } from "./case.ts";
import type { AttentionPlan } from "./plan.ts";

/** The command that measures a row again; without a variant, all of them. */
export function commandOf(
  { batch, heads, mask, score, dtype, layout, model }: AttentionCase,
  { rotateBytes, commandOptions }: Pick<AttentionPlan, "rotateBytes" | "commandOptions">,
  variant?: string,
): string {
  const options = [
    ...(variant === undefined ? [] : [`--variants ${variant}`]),
    `--masks ${mask.text}`,
    ...(score.text === "none" && model === undefined ? [] : [`--scores ${score.text}`]),
    ...(model === undefined ? [] : [`--model ${model}`]),
    `--heads ${heads.text}`,
    ...(layout.kind === "contiguous" || layout.kind === "latent" ? [] : [`--layouts ${layout.text}`]),
    ...(dtype === "f32" ? [] : [`--dtype ${dtype}`]),
    ...(rotateBytes > 0 ? ["--rotate"] : []),
    ...commandOptions,
  ];
  return `node dist/cli.js bench attention ${batch.text} ${options.join(" ")}`;
}

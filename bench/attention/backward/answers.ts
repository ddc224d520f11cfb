import type { BenchRow } from "../../result.ts";

/** The answers of a bench of attention's gradients. */
export const backwardQuestion = "How long do gradients take?";

/** The time of a variant's gradients as a multiple of the forward pass, for each case. */
export function backwardAnswers(rows: readonly BenchRow[]): string[] {
  const nameOf = ({ batch, heads, mask, score }: BenchRow) => [batch, heads, mask, score].join(" ");
  return [...new Set(rows.map(nameOf))].map((name) => {
    const own = rows.filter((row) => nameOf(row) === name);
    const of = (variant: string) => own.find((row) => row.variant === variant)?.medianMs ?? null;
    const forward = of("forward");
    const gradients = own.filter(({ variant, medianMs }) => !/forward|inference/.test(variant) && medianMs !== null);
    const parts = gradients.map(({ variant, medianMs }) =>
      forward === null ? `${variant} ?` : `${variant} ${((medianMs ?? 0) / forward).toFixed(2)} ×`,
    );
    const time = forward === null ? "" : `, of ${forward.toFixed(2)} ms`;
    if (parts.length === 0) return `- ${name}: no gradients were timed`;
    return `- ${name}: gradients take ${parts.join(", ")} the forward pass${time}`;
  });
}

/** Values of `quantization_config.quant_method` that every family supports. */
export const quantisationMethods: readonly string[] = ["awq", "gptq", "compressed-tensors", "bitsandbytes"];

/** The method that a parsed `config.json` names, if it is one of them. */
export function quantisationMethod(config: unknown): string | undefined {
  const given = (config as { quantization_config?: { quant_method?: unknown } | null } | null)?.quantization_config;
  return quantisationMethods.find((method) => method === given?.quant_method);
}

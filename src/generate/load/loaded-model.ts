import type { CacheOptions } from "../../blocks/kv-cache/cache-options.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { maxBatch } from "../../kernels/step.ts";
import type { Decoder } from "../../models/decoders/decoder.ts";
import { checkRequirements } from "../../models/requirements.ts";
import { shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { ChatTemplate } from "../../text/template/chat-template.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { GenerationDefaults } from "../options.ts";
import { tokensAhead } from "../session/chunks.ts";
import { Lifetime, type Owner } from "../session/lifetime.ts";
import { DecoderPrograms } from "../session/programs.ts";

/** Facts about a model's weights. */
export interface StoredWeights {
  /** The storage of most weights on the device: `f16`, `Q4_K_M`, `AWQ int4, groups of 128`. */
  readonly quantisation: string;
  /** Their bytes in the model's files. */
  readonly fileBytes: number;
}

/**
 * A model on the GPU with its tokenizer and programs, shared by all its sessions. It ends with its `owner`: the device,
 * or the model whose weights it uses.
 */
export class LoadedModel {
  readonly name: string;
  readonly gpu: Gpu;
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly defaults: GenerationDefaults;
  readonly context: number;
  readonly stored: StoredWeights;
  readonly programs: DecoderPrograms;
  /** Lifetime of its weights, programs and sessions. */
  readonly lifetime: Lifetime;

  constructor(
    name: string,
    decoder: Decoder,
    tokenizer: Tokenizer,
    chatTemplate: ChatTemplate | undefined,
    defaults: GenerationDefaults,
    context: number,
    cache: Required<CacheOptions>,
    stored: StoredWeights,
    owner: Owner = { assertLive: () => decoder.gpu.assertUsable() },
  ) {
    this.name = name;
    this.gpu = decoder.gpu;
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.defaults = defaults;
    this.context = context;
    this.stored = stored;
    this.programs = new DecoderPrograms(decoder, context, cache);
    this.lifetime = new Lifetime(`${name}: this model`, owner, () => {
      this.programs.dispose();
      decoder.weights.dispose();
    });
  }

  /**
   * Throws `GpuError` if this device cannot hold a cache of `batch` sequences, and `OptionError` for more than a
   * session can have.
   */
  checkMemory(batch: number): void {
    if (!Number.isInteger(batch) || batch < 1 || batch > maxBatch) {
      throw new OptionError(`session: batch is ${shown(batch)}, expected an integer from 1 to ${maxBatch}`);
    }
    const { gpu, decoder, programs } = this;
    const { config } = decoder;
    checkRequirements(gpu, config, programs.capacity, batch, programs.cache, tokensAhead(gpu, config));
  }
}

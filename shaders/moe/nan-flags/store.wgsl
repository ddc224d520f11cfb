// A NaN among the logits sets a flag of its layer, for the CPU to read when the work is done.

@group(0) @binding(5) var<storage, read_write> nanFlags: array<atomic<u32>>;  // [layers], 1 for a layer that had one

fn flag_nan() {
  atomicStore(&nanFlags[params.layer], 1u);
}

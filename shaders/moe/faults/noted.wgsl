// A NaN among the logits is noted for its layer, to be looked at when the work is done.

@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>>;  // [layers], 1 for a layer that had one

fn note_fault() {
  atomicStore(&faults[params.layer], 1u);
}

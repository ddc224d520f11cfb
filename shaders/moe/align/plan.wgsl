// with: lib/no-index
// The experts' work, as the grouped products read it. A slot is one choice of one token, token · k + choice; choices
// are experts or, from EXPERTS on, nothing. Slots lie in the order of their experts, and those of one expert in their
// own; each expert's begin at a multiple of BLOCK, and the rest of its last block is NO_INDEX.

const EXPERTS: u32 = 8;
const BLOCK: u32 = 32;  // rows

// `across` are the workgroups that each product needs along its columns.
struct Params { slots: u32, capacity: u32, gate_up_across: u32, down_across: u32 }

@group(0) @binding(1) var<storage, read_write> counts: array<u32>;         // [EXPERTS], slots of each
@group(0) @binding(2) var<storage, read_write> offsets: array<u32>;        // [EXPERTS + 1], where they begin, and the end
@group(0) @binding(3) var<storage, read_write> slots: array<u32>;          // [blocks · BLOCK]
@group(0) @binding(4) var<storage, read_write> block_experts: array<u32>;  // [blocks]
@group(0) @binding(5) var<storage, read_write> grids: array<u32>;          // [2, 4], of gate-up and down: x, y, z, blocks
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> starts: array<u32, EXPERTS>;  // the count of each expert, then its offset

fn blocks_of(count: u32) -> u32 {
  return (count + BLOCK - 1) / BLOCK;
}

// Turns counts into offsets, and writes what follows from them. One thread calls it.
fn write_offsets() {
  var blocks = 0u;
  for (var expert = 0u; expert < EXPERTS; expert++) {
    let own = blocks_of(starts[expert]);
    starts[expert] = blocks * BLOCK;
    offsets[expert] = blocks * BLOCK;
    blocks += own;
  }
  offsets[EXPERTS] = blocks * BLOCK;
  for (var i = 0u; i < 2; i++) {
    grids[4 * i] = select(params.down_across, params.gate_up_across, i == 0);
    grids[4 * i + 1] = blocks;
    grids[4 * i + 2] = 1;
    grids[4 * i + 3] = blocks;
  }
}

// Writes the expert of its blocks, and NO_INDEX into the rest of the last one.
fn write_blocks(expert: u32, count: u32) {
  let first = starts[expert];
  for (var i = 0u; i < blocks_of(count); i++) { block_experts[first / BLOCK + i] = expert; }
  for (var i = count; i < blocks_of(count) * BLOCK; i++) { slots[first + i] = NO_INDEX; }
}

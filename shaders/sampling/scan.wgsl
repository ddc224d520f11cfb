// Running sums over a workgroup of WORKGROUP threads (defined by the kernel), and where they pass a goal.
//
// In two levels: BLOCK threads each sum a block of BLOCK shares, then every thread adds the blocks and the shares
// before its own. That is 2·BLOCK reads a thread and three barriers with workgroup_locate, where Hillis and Steele's
// scan takes log2(WORKGROUP) reads and twice as many barriers, the more expensive part on software adapters. Integers,
// so the order does not matter. All threads must call workgroup_scan and then workgroup_locate, or another barrier
// before the next scan (uniform control flow).

const BLOCK: u32 = 16;
const_assert BLOCK * BLOCK == WORKGROUP;

struct Place {
  thread: u32,  // whose share takes the running sum above the goal
  before: u32,  // the sum of the shares before it
}

var<workgroup> scan_shares: array<u32, WORKGROUP + BLOCK>;  // see scan_at
var<workgroup> scan_blocks: array<u32, BLOCK>;
var<workgroup> scan_place: Place;

// Where a thread's share is: after each block one place is free, so that threads that sum blocks read different banks.
fn scan_at(thread: u32) -> u32 {
  return thread + thread / BLOCK;
}

// The sum of the shares of threads up to and with this one.
fn workgroup_scan(share: u32, thread: u32) -> u32 {
  scan_shares[scan_at(thread)] = share;
  workgroupBarrier();
  if (thread == 0) { scan_place = Place(0, 0); }
  if (thread < BLOCK) {
    var sum = 0u;
    for (var i = 0u; i < BLOCK; i++) { sum += scan_shares[scan_at(thread * BLOCK + i)]; }
    scan_blocks[thread] = sum;
  }
  workgroupBarrier();
  let block = thread / BLOCK;
  var sum = share;
  for (var i = 0u; i < block; i++) { sum += scan_blocks[i]; }
  for (var i = block * BLOCK; i < thread; i++) { sum += scan_shares[scan_at(i)]; }
  return sum;
}

// The sum of all shares of the last scan.
fn workgroup_total() -> u32 {
  var sum = 0u;
  for (var i = 0u; i < BLOCK; i++) { sum += scan_blocks[i]; }
  return sum;
}

// Where the running sum first exceeds goal; thread 0 when it never does.
fn workgroup_locate(up_to: u32, share: u32, goal: u32, thread: u32) -> Place {
  let before = up_to - share;
  if (before <= goal && goal < up_to) { scan_place = Place(thread, before); }
  workgroupBarrier();
  return scan_place;
}

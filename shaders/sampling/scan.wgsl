// Running sums over a workgroup of WORKGROUP threads (defined by the kernel), and where they pass a goal.
//
// Hillis and Steele's scan: log2(WORKGROUP) doublings with two barriers each. Integers, so the order does not matter.
// All threads must call these functions (uniform control flow), workgroup_locate after workgroup_scan.

struct Place {
  thread: u32,  // whose share takes the running sum above the goal
  before: u32,  // the sum of the shares before it
}

var<workgroup> scan_running: array<u32, WORKGROUP>;
var<workgroup> scan_place: Place;

// The sum of the shares of threads up to and with this one.
fn workgroup_scan(share: u32, thread: u32) -> u32 {
  scan_running[thread] = share;
  if (thread == 0) { scan_place = Place(0, 0); }
  workgroupBarrier();
  for (var reach = 1u; reach < WORKGROUP; reach *= 2) {
    var before = 0u;
    if (thread >= reach) { before = scan_running[thread - reach]; }
    workgroupBarrier();
    scan_running[thread] += before;
    workgroupBarrier();
  }
  return scan_running[thread];
}

// The sum of all shares of the last scan.
fn workgroup_total() -> u32 {
  return scan_running[WORKGROUP - 1];
}

// Where the running sum first exceeds goal; thread 0 when it never does.
fn workgroup_locate(up_to: u32, share: u32, goal: u32, thread: u32) -> Place {
  let before = up_to - share;
  if (before <= goal && goal < up_to) { scan_place = Place(thread, before); }
  workgroupBarrier();
  let place = scan_place;
  workgroupBarrier();
  return place;
}

// Planner, third stage: places of intermediates in one workspace.
package io.github.einblas.internal.plan;

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Gives blocks places in one workspace and takes them back: always the smallest hole that is large
 * enough, in logarithmic time. Units are elements.
 */
final class WorkspaceLayout {
  /** 16 elements of F32 are a cache line; of F64 two. */
  private static final long LINE = 16;

  /** Blocks of at most 2^46 elements beyond this are nowhere: no machine holds what is before. */
  private static final long MOST = 1L << 62;

  private record Hole(long size, long at) implements Comparable<Hole> {
    @Override
    public int compareTo(Hole other) {
      int c = Long.compare(size, other.size);
      return c != 0 ? c : Long.compare(at, other.at);
    }
  }

  private final TreeMap<Long, Long> holes = new TreeMap<>();
  private final TreeSet<Hole> bySize = new TreeSet<>();
  private long end;

  /** The place of a new block. */
  long take(long elements) {
    long size = rounded(elements);
    if (size == 0) {
      return 0;
    }
    Hole hole = bySize.ceiling(new Hole(size, 0));
    if (hole == null) {
      // A hole at the end grows; otherwise the block goes behind everything.
      Map.Entry<Long, Long> last = holes.lastEntry();
      long at = last != null && last.getKey() + last.getValue() == end ? last.getKey() : end;
      if (at < end) {
        forget(at, end - at);
      }
      end = Math.min(at + size, MOST);
      return at;
    }
    forget(hole.at, hole.size);
    if (hole.size > size) {
      add(hole.at + size, hole.size - size);
    }
    return hole.at;
  }

  /** Takes a block back. */
  void give(long at, long elements) {
    long from = at;
    long size = rounded(elements);
    if (size == 0) {
      return;
    }
    Map.Entry<Long, Long> before = holes.lowerEntry(from);
    if (before != null && before.getKey() + before.getValue() == from) {
      from = before.getKey();
      size += before.getValue();
      forget(before.getKey(), before.getValue());
    }
    Long after = holes.get(from + size);
    if (after != null) {
      forget(from + size, after);
      size += after;
    }
    add(from, size);
  }

  /** Elements of the workspace. */
  long size() {
    return end;
  }

  private static long rounded(long elements) {
    return (elements + LINE - 1) / LINE * LINE;
  }

  private void add(long at, long size) {
    holes.put(at, size);
    bySize.add(new Hole(size, at));
  }

  private void forget(long at, long size) {
    holes.remove(at);
    bySize.remove(new Hole(size, at));
  }
}

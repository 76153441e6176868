// Storage: a box of a row-major array, read from the ranges of a file where its rows lie.
package io.github.einblas.spark.internal.storage;

import java.io.IOException;
import java.util.Arrays;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * Axes that are whole make one range of many rows. Ranges with short gaps between them are read
 * with the gaps: a request costs more than the bytes.
 */
final class Ranges {
  /** Bytes between two ranges that are read rather than jumped over. */
  private static final int GAP = 1 << 16;

  /** Bytes that are read at once where there are gaps. */
  private static final int SPAN = 1 << 22;

  private final FSDataInputStream in;
  private final int run;
  private final byte[] to;
  private byte[] buffer = new byte[0];
  private long[] pending = new long[64]; // where ranges begin that are not read yet
  private int count;
  private int done; // bytes of to

  private Ranges(FSDataInputStream in, int run, byte[] to) {
    this.in = in;
    this.run = run;
    this.to = to;
  }

  /**
   * Fills {@code to} with a box that is not empty.
   *
   * @param start where the array begins in the file
   */
  static void read(
      FSDataInputStream in, long start, long[] shape, long[] from, long[] box, int width, byte[] to)
      throws IOException {
    int last = box.length - 1; // the last axis that is not whole
    long stride = width;
    while (last >= 0 && box[last] == shape[last]) {
      stride *= shape[last--];
    }
    if (last < 0) {
      in.readFully(start, to, 0, to.length);
      return;
    }
    long[] strides = new long[last + 1];
    long offset = start;
    for (int d = last; d >= 0; d--) {
      strides[d] = stride;
      offset += from[d] * stride;
      stride *= shape[d];
    }
    Ranges ranges = new Ranges(in, (int) (strides[last] * box[last]), to);
    long[] at = new long[last];
    while (true) {
      ranges.add(offset);
      int d = last - 1;
      while (d >= 0 && ++at[d] == box[d]) {
        offset -= (box[d] - 1) * strides[d];
        at[d--] = 0;
      }
      if (d < 0) {
        ranges.flush();
        return;
      }
      offset += strides[d];
    }
  }

  private void add(long offset) throws IOException {
    if (count > 0
        && (offset - (pending[count - 1] + run) > GAP
            || offset + run - pending[0] > SPAN
            || count == SPAN / 64)) {
      flush();
    }
    if (count == pending.length) {
      pending = Arrays.copyOf(pending, 2 * count);
    }
    pending[count++] = offset;
  }

  private void flush() throws IOException {
    if (count == 1) {
      in.readFully(pending[0], to, done, run);
      done += run;
    } else {
      int span = (int) (pending[count - 1] + run - pending[0]);
      if (buffer.length < span) {
        buffer = new byte[span];
      }
      in.readFully(pending[0], buffer, 0, span);
      for (int i = 0; i < count; i++) {
        System.arraycopy(buffer, (int) (pending[i] - pending[0]), to, done, run);
        done += run;
      }
    }
    count = 0;
  }
}

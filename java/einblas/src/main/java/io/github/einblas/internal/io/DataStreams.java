// Streams of bytes over DataInput and DataOutput, as serialisers hand them out.
package io.github.einblas.internal.io;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Views of the JDK's data interfaces as streams. Closing one closes nothing. */
public final class DataStreams {
  private DataStreams() {}

  /** Writes to {@code out}. */
  public static OutputStream to(DataOutput out) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        out.write(b);
      }

      @Override
      public void write(byte[] bytes, int from, int length) throws IOException {
        out.write(bytes, from, length);
      }
    };
  }

  /**
   * Reads from {@code in} exactly what is asked for: nothing behind it is taken, so that the next
   * object can be read. Where {@code in} ends earlier, so does the stream.
   */
  public static InputStream from(DataInput in) {
    if (in instanceof InputStream stream) {
      return stream;
    }
    return new InputStream() {
      @Override
      public int read() throws IOException {
        try {
          return in.readUnsignedByte();
        } catch (EOFException e) {
          return -1;
        }
      }

      @Override
      public int read(byte[] bytes, int from, int length) throws IOException {
        if (length == 0) {
          return 0;
        }
        try {
          in.readFully(bytes, from, length);
          return length;
        } catch (EOFException e) {
          return -1;
        }
      }
    };
  }
}

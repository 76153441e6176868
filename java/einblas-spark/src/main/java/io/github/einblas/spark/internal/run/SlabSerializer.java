// Keys and slabs as bytes of a shuffle, whatever serialiser the application has.
package io.github.einblas.spark.internal.run;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import org.apache.spark.serializer.DeserializationStream;
import org.apache.spark.serializer.SerializationStream;
import org.apache.spark.serializer.Serializer;
import org.apache.spark.serializer.SerializerInstance;
import scala.reflect.ClassTag;

/**
 * Writes bytes where they lie, in one piece. Java's serialisation would keep the last hundred
 * objects of each open stream alive, which are hundreds of MB of slabs for each task.
 */
final class SlabSerializer extends Serializer implements Serializable {
  private static final long serialVersionUID = 1;
  private static final int KEY = 1;
  private static final int SLAB = 2;

  @Override
  public SerializerInstance newInstance() {
    return new Instance();
  }

  @Override
  public boolean supportsRelocationOfSerializedObjects() {
    return true; // records stand alone
  }

  private static final class Instance extends SerializerInstance {
    @Override
    public <T> ByteBuffer serialize(T value, ClassTag<T> type) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (SerializationStream out = serializeStream(bytes)) {
        out.writeObject(value, type);
      }
      return ByteBuffer.wrap(bytes.toByteArray());
    }

    @Override
    public <T> T deserialize(ByteBuffer bytes, ClassTag<T> type) {
      byte[] own = new byte[bytes.remaining()];
      bytes.duplicate().get(own);
      try (DeserializationStream in = deserializeStream(new ByteArrayInputStream(own))) {
        return in.readObject(type);
      }
    }

    @Override
    public <T> T deserialize(ByteBuffer bytes, ClassLoader loader, ClassTag<T> type) {
      return deserialize(bytes, type);
    }

    @Override
    public SerializationStream serializeStream(OutputStream out) {
      return new Writer(new DataOutputStream(out));
    }

    @Override
    public DeserializationStream deserializeStream(InputStream in) {
      return new Reader(new DataInputStream(in));
    }
  }

  private static final class Writer extends SerializationStream {
    private final DataOutputStream out;

    Writer(DataOutputStream out) {
      this.out = out;
    }

    @Override
    public <T> SerializationStream writeObject(T value, ClassTag<T> type) {
      try {
        if (value instanceof SlabKey key) {
          out.writeByte(KEY);
          key.write(out);
        } else {
          out.writeByte(SLAB);
          ((Slab) value).write(out);
        }
      } catch (IOException e) {
        throw sneaky(e);
      }
      return this;
    }

    @Override
    public void flush() {
      try {
        out.flush();
      } catch (IOException e) {
        throw sneaky(e);
      }
    }

    @Override
    public void close() {
      try {
        out.close();
      } catch (IOException e) {
        throw sneaky(e);
      }
    }
  }

  private static final class Reader extends DeserializationStream {
    private final DataInputStream in;

    Reader(DataInputStream in) {
      this.in = in;
    }

    @Override
    @SuppressWarnings("unchecked") // Spark asks for what was written in this place
    public <T> T readObject(ClassTag<T> type) {
      try {
        int kind = in.readUnsignedByte();
        if (kind != KEY && kind != SLAB) {
          throw new StreamCorruptedException("a shuffle's record of the unknown kind " + kind);
        }
        return (T) (kind == KEY ? SlabKey.read(in) : Slab.read(in));
      } catch (IOException e) {
        throw sneaky(e); // Spark takes an EOFException for the end
      }
    }

    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        throw sneaky(e);
      }
    }
  }

  /** Spark's interfaces are Scala's, which declare no exceptions and let them pass. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException sneaky(Throwable e) throws E {
    throw (E) e;
  }
}

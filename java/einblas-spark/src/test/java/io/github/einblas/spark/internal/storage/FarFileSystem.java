package io.github.einblas.spark.internal.storage;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local files under the scheme {@code far:}, renamed as HDFS does it: onto nothing. */
public final class FarFileSystem extends RawLocalFileSystem {
  /** Files opened so far. */
  static final AtomicInteger OPENED = new AtomicInteger();

  /** Ranges read so far. */
  static final AtomicInteger RANGES = new AtomicInteger();

  /** Settings that know it. */
  static Configuration conf() {
    Configuration conf = new Configuration();
    conf.set("fs.far.impl", FarFileSystem.class.getName());
    return conf;
  }

  @Override
  public URI getUri() {
    return URI.create("far:///");
  }

  @Override
  public String getScheme() {
    return "far";
  }

  @Override
  public FSDataInputStream open(Path path, int buffer) throws IOException {
    OPENED.incrementAndGet();
    return new FSDataInputStream(super.open(path, buffer)) {
      @Override
      public void readFully(long position, byte[] to, int offset, int length) throws IOException {
        RANGES.incrementAndGet();
        super.readFully(position, to, offset, length);
      }
    };
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    FileStatus s = super.getFileStatus(path);
    return new FileStatus(
        s.getLen(), s.isDirectory(), 1, 1 << 20, s.getModificationTime(), makeQualified(path));
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    return !exists(to) && exists(to.getParent()) && super.rename(from, to);
  }
}

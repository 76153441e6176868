// Rivals: an SVG file from what draws on a Graphics2D.
package io.github.einblas.bench.rivals;

import java.awt.Dimension;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.w3c.dom.Document;

/** Text stays text, so that the files are small. */
final class Svg {
  private Svg() {}

  static void write(Path file, int width, int height, BiConsumer<Graphics2D, Rectangle2D> draw)
      throws IOException {
    Document document;
    try {
      document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .getDOMImplementation()
              .createDocument("http://www.w3.org/2000/svg", "svg", null);
    } catch (ParserConfigurationException e) {
      throw new IOException(e);
    }
    SVGGraphics2D graphics = new SVGGraphics2D(document);
    graphics.setSVGCanvasSize(new Dimension(width, height));
    draw.accept(graphics, new Rectangle2D.Double(0, 0, width, height));
    StringWriter text = new StringWriter();
    graphics.stream(text, true);
    graphics.dispose();
    // A hundredth of a pixel is enough; Dialog is a font of Java's.
    Files.writeString(
        file,
        text.toString()
            .replaceAll("([0-9]+[.][0-9]{2})[0-9]+", "$1")
            .replace("'Dialog'", "sans-serif"));
  }
}

/**
 * Lines of Python as lines of Java: a parser, the calls that are known, and loops that say what a
 * line means.
 */
package io.github.einblas.cli.port;

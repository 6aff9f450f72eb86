#include "web/rst/rst.h"

#include <gtest/gtest.h>

#include <ctime>

namespace bodega::web {
namespace {

struct Case {
  const char* text;
  const char* html;
};

TEST(Rst, Blocks) {
  const Case cases[] = {
      {"Title\n=====\n\nSub\n---\n\nOther\n=====\n", "<h1>Title</h1>\n<h2>Sub</h2>\n<h1>Other</h1>\n"},
      {"=====\nTitle\n=====\ntext", "<h1>Title</h1>\n<p>text</p>\n"},
      {"a\nb\n\nc", "<p>a\nb</p>\n<p>c</p>\n"},
      {"a\n\n----\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"},
      {"- a\n  b\n- c\n\n  d\n", "<ul>\n<li>a\nb</li>\n<li><p>c</p>\n<p>d</p>\n</li>\n</ul>\n"},
      {"* a\n\n  * b\n", "<ul>\n<li><p>a</p>\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n"},
      {"1. a\n2. b\n", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"},
      {"A. Smith wrote\nthis.", "<p>A. Smith wrote\nthis.</p>\n"},
      {"term\n  text\nother\n  more\n", "<dl>\n<dt>term</dt><dd>text</dd>\n<dt>other</dt><dd>more</dd>\n</dl>\n"},
      {":a: b\n:c: d", "<dl>\n<dt>a</dt><dd>b</dd>\n<dt>c</dt><dd>d</dd>\n</dl>\n"},
      {"See::\n\n  x <y>\n    z\n\nafter", "<p>See:</p>\n<pre><code>x &lt;y&gt;\n  z</code></pre>\n<p>after</p>\n"},
      {"::\n\n  x\n", "<pre><code>x</code></pre>\n"},
      {".. code-block:: python\n   :linenos:\n\n   x = 1\n", "<pre><code class=\"language-python\">x = 1</code></pre>\n"},
      {"| a\n| b", "<p>a<br>\nb</p>\n"},
      {"  quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>\n"},
      {">>> 1 + 1\n2\n\nx", "<pre>&gt;&gt;&gt; 1 + 1\n2</pre>\n<p>x</p>\n"},
      {"-v, --verbose  tell\n--quiet  do not", "<pre>-v, --verbose  tell\n--quiet  do not</pre>\n"},
      {".. a comment\n   of two lines\n\nx", "<p>x</p>\n"},
      {".. note:: mind\n   this\n", "<blockquote><p><strong>Note</strong></p>\n<p>mind\nthis</p>\n</blockquote>\n"},
      {".. unheard-of:: x\n   y\n", "<pre>.. unheard-of:: x\n   y</pre>\n"},
      {".. raw:: html\n\n   <b>\n", "<pre>.. raw:: html\n\n   &lt;b&gt;</pre>\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(rst_to_html(c.text), c.html) << c.text;
}

TEST(Rst, Inline) {
  const Case cases[] = {
      {"*a* **b** ``c*`` d*e*f", "<p><em>a</em> <strong>b</strong> <code>c*</code> d*e*f</p>\n"},
      {"`a <https://b.test>`_", "<p><a href=\"https://b.test\">a</a></p>\n"},
      {"a_ and `a b`_\n\n.. _a: https://a.test\n.. _`a b`: https://b.test",
       "<p><a href=\"https://a.test\">a</a> and <a href=\"https://b.test\">a b</a></p>\n"},
      {"x__\n\n__ https://x.test", "<p><a href=\"https://x.test\">x</a></p>\n"},
      {"snake_case_ and unknown_", "<p>snake_case_ and unknown_</p>\n"},
      {"see https://a.test/(b). Or", "<p>see <a href=\"https://a.test/(b)\">https://a.test/(b)</a>. Or</p>\n"},
      {":code:`x` :py:func:`~a.b` :ref:`t <u>`", "<p><code>x</code> <code>~a.b</code> <em>t</em></p>\n"},
      {"\\*a\\* 2 * 3 * 4", "<p>*a* 2 * 3 * 4</p>\n"},
      {"|b|_\n\n.. |b| image:: https://i.test\n   :alt: Build\n   :target: https://t.test",
       "<p><a href=\"https://t.test\"><img src=\"https://i.test\" alt=\"Build\"></a></p>\n"},
      {"a [1]_", "<p>a <sup>[1]</sup></p>\n"},
      {"Install_\n\nInstall\n=======\n", "<p><a href=\"#install\">Install</a></p>\n<h1>Install</h1>\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(rst_to_html(c.text), c.html) << c.text;
}

TEST(Rst, Tables) {
  EXPECT_EQ(rst_to_html("=== ===\n a   b\n=== ===\n 1   2\n     3\n=== ===\n"),
            "<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2\n3</td></tr>\n</table>\n");
  EXPECT_EQ(rst_to_html("+---+----+\n| ä | b  |\n+===+====+\n| 1 | 2  |\n+---+----+\n"),
            "<table>\n<tr><th>ä</th><th>b</th></tr>\n<tr><td>1</td><td>2</td></tr>\n</table>\n");
  // A cell over two columns is not understood.
  EXPECT_EQ(rst_to_html("+---+---+\n| a     |\n+---+---+\n"), "<pre>+---+---+\n| a     |\n+---+---+</pre>\n");
}

TEST(Rst, TimeGrowsWithTheLengthOnly) {
  for (const char* pattern : {"*a ",
                              "**a ",
                              "`a ",
                              "``a ",
                              "|a ",
                              "[a ",
                              ":a:`b ",
                              "- ",
                              "> ",
                              " x\n",
                              "a_ ",
                              ".. _a: b\n",
                              " .. |a| image:: x\n",
                              "https://a.test/)",
                              "+--+\n",
                              "== ==\n",
                              "x\n  y\n",
                              "\\",
                              "a\n=\n",
                              ":a: b\n",
                              "__ x\n",
                              "x::\n\n",
                              "`a`_ "}) {
    std::string text;
    while (text.size() < (1U << 20U)) text += pattern;
    const auto start = std::clock();
    rst_to_html(text);
    EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC) << pattern;
  }
}

}  // namespace
}  // namespace bodega::web

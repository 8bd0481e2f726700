"""The only maker of HTML: pages that stand alone, load nothing and run no script but their own."""

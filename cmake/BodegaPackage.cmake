# Installation and the Debian package: see deploy/.

# `cmake --install build/release` and, by `cpack --config build/release/CPackConfig.cmake -B build/package`, the Debian package.
include(GNUInstallDirs)

install(TARGETS bodega RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Links, in a directory that is on nobody's PATH: a real devpi-server beside this one keeps its names.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/devpi-links)
file(RELATIVE_PATH bodega_from_links ${CMAKE_INSTALL_PREFIX}/lib/bodega/devpi ${CMAKE_INSTALL_FULL_BINDIR}/bodega)
foreach(name ${BODEGA_DEVPI_PROGRAMS})
  file(CREATE_LINK ${bodega_from_links} ${CMAKE_BINARY_DIR}/devpi-links/${name} SYMBOLIC)
  install(FILES ${CMAKE_BINARY_DIR}/devpi-links/${name} DESTINATION lib/bodega/devpi)
endforeach()
# lib, not LIBDIR: systemd looks in /usr/lib and /usr/local/lib whatever the architecture. The unit names no path to the program, so it fits
# both prefixes.
install(FILES deploy/systemd/bodega.service deploy/systemd/bodega.socket DESTINATION lib/systemd/system)
install(FILES deploy/systemd/bodega.sysusers DESTINATION lib/sysusers.d RENAME bodega.conf)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "decisions" EXCLUDE)
install(FILES deploy/config.toml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY deploy/caddy deploy/nginx deploy/prometheus deploy/kubernetes DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME bodega)
set(CPACK_PACKAGE_VENDOR "The Bodega project")
set(CPACK_PACKAGE_CONTACT "The Bodega project <maintainers@bodega.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "cache and private indexes for Python packages")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"A pull-through cache of the Python package index and private indexes beside
it, in one native program; a drop-in for devpi. pip, uv, poetry and twine work
with it unchanged, also while the public index is out of reach.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, passwd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
                                       ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)

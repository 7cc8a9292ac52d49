# The one place where compiler flags for host code are set: link chaos::options.
add_library(chaos_options INTERFACE)
add_library(chaos::options ALIAS chaos_options)
target_compile_definitions(chaos_options INTERFACE _GNU_SOURCE)
target_compile_options(chaos_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -fno-strict-aliasing
  -fno-common -fstack-protector-strong)
if(CHAOS_WERROR)
  target_compile_options(chaos_options INTERFACE -Werror)
endif()
# What Debian hardens its own daemons with. Sanitizers bring their own checks.
if(NOT CHAOS_SANITIZE)
  target_compile_definitions(chaos_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  target_link_options(chaos_options INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()
if(CHAOS_SANITIZE)
  target_compile_options(chaos_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(chaos_options INTERFACE -fsanitize=address,undefined)
endif()

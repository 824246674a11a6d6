#include "watchbox_testing.h"

int main(void) {
    wbt_install("{\"Longest\": 5}");
    wbt_same(wbt_events("Windows.Events.ProcessCreation", "[{\"ClientId\": \"C.1\", \"CommandLine\": \"short\"},"
                                                          " {\"ClientId\": \"C.2\", \"CommandLine\": \"longer\"},"
                                                          " {\"ClientId\": \"C.3\", \"CommandLine\": null}]"),
             "[{\"ClientId\":\"C.2\",\"CommandLine\":\"longer\",\"Length\":6}]");
    return wbt_finish();
}

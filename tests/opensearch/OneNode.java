import java.nio.file.Path;
import java.util.List;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/**
 * A cluster of one node of OpenSearch, for the tests: on a free loopback port, which it tells, with its data in the folder that it is given, until its input ends.
 *
 * The usual way to start one wants a folder laid out as the distribution's, and a user other than root. A node that is made by hand wants neither.
 */
public final class OneNode extends Node {
    private OneNode(Environment environment) {
        super(environment, List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Settings settings = Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", "test")
            .put("node.name", "one")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", "0")
            .put("transport.port", "0")
            // The disk of whoever tests may be fuller than it likes.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        OneNode node = new OneNode(new Environment(settings, home.resolve("config")));
        node.start();
        HttpServerTransport http = node.injector().getInstance(HttpServerTransport.class);
        System.out.println("listening on http://" + http.boundAddress().publishAddress());
        while (System.in.read() >= 0) {}
        node.close();
        System.exit(0);
    }
}

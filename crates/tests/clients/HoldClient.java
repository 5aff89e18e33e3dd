// pgjdbc: one statement that waits for approval; prints warnings and what came of it.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.Properties;

public class HoldClient {
    public static void main(String[] args) throws Exception {
        Properties as = new Properties();
        as.setProperty("user", System.getenv("USER_NAME"));
        as.setProperty("password", System.getenv("PASSWORD"));
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PORT") + "/"
            + System.getenv("DATABASE");
        try (Connection conn = DriverManager.getConnection(url, as)) {
            String sql = "delete from jobs where id = ?";
            try (PreparedStatement delete = conn.prepareStatement(sql)) {
                delete.setInt(1, Integer.parseInt(System.getenv("PART")));
                try {
                    System.out.println("deleted: " + delete.executeUpdate());
                } catch (SQLException error) {
                    String first = error.getMessage().split("\n")[0];
                    System.out.println("error: " + error.getSQLState() + " " + first);
                }
                SQLWarning warning = delete.getWarnings();
                for (; warning != null; warning = warning.getNextWarning()) {
                    System.out.println("notice: " + warning.getMessage());
                }
            }
            try (ResultSet one = conn.createStatement().executeQuery("select 1")) {
                one.next();
                System.out.println("alive: " + one.getInt(1));
            }
        }
        System.out.println("done");
    }
}
